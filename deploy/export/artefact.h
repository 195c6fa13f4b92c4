// An export on disk: the policy in one format, its contract, golden vectors and
// a report, all in one folder, kept only if the policy answers as it must.
#ifndef STARLING_DEPLOY_EXPORT_ARTEFACT_H_
#define STARLING_DEPLOY_EXPORT_ARTEFACT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/model.pb.h"

namespace starling {

enum class ExportFormat { kStrlp, kC, kOnnx };

struct Artefact {
  // Of the policy alone: the file's, or in C those of its constants.
  int64_t bytes = 0;
  // Files in the folder.
  std::vector<std::string> files;
};

// Makes the folder `out`, or takes an empty one, and writes there
//
//   <name>.strlp, or <name>.h and <name>.c, or <name>.onnx
//   policy_contract.json  what goes in and what comes out (ContractFile)
//   policy_contract.schema.json
//   golden.bin            GoldenVectors and its SHA-256
//
// The self-test reads back what was written (C: compiles and runs it; ONNX: has
// OpenCV run it) and compares its actions with the golden ones: bit for bit,
// and with ONNX within 1e-5 (1 + |action|). If it fails, all that was written
// goes and the error is Aborted. InvalidArgument: `out` is not empty;
// Unimplemented: the format can't hold such a policy, with the reason;
// otherwise the errors of writing, and of RunC and RunOnnx.
absl::StatusOr<Artefact> WriteArtefact(const v1::ExportedPolicy& model,
                                       const v1::GoldenVectors& golden,
                                       ExportFormat format,
                                       const std::string& name,
                                       const std::string& out);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_ARTEFACT_H_
