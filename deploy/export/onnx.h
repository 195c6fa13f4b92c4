// An exported policy as ONNX, for runtimes that read it.
#ifndef STARLING_DEPLOY_EXPORT_ONNX_H_
#define STARLING_DEPLOY_EXPORT_ONNX_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/model.pb.h"

namespace starling {

// A serialised ModelProto of standard operators (opset 13, IR version 8):
// `state` [batch, state_size], raw, to `action` [batch, action_size], within
// its bounds; the batch is free. `contract`, the text of policy_contract.json,
// goes into its metadata under that name.
//
// Sparse layers become dense matrices. int8 weights are bytes with a scale a
// row behind DequantizeLinear, fp16 ones half floats behind Cast; a table of
// shared weights is written out. Sums have the runtime's order: answers are
// those of PortablePolicy up to rounding, for finite states.
//
// Unimplemented: a policy that reads no state, or one whose matrices would
// have more than 2^26 elements. Otherwise the errors of
// PortablePolicy::Create.
absl::StatusOr<std::string> WriteOnnx(const v1::ExportedPolicy& model,
                                      const std::string& name,
                                      const std::string& contract);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_ONNX_H_
