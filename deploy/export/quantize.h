// Fewer bits a weight.
#ifndef STARLING_DEPLOY_EXPORT_QUANTIZE_H_
#define STARLING_DEPLOY_EXPORT_QUANTIZE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "base/vectors.h"
#include "proto/model.pb.h"

namespace starling {

enum class Quantization { kNone, kFp16, kInt8 };

// "none", "fp16", "int8".
const char* NameOf(Quantization quantization);

// The same policy with weights of so many bits; offsets, whitening and sums
// stay floats.
//
//   fp16: each weight rounded to binary16.
//   int8: weight = scale[row] * byte, symmetric. Each row's scale is that, of
//         largest weight / 127 and smaller ones (which cut the largest
//         weights), with the least squared error of the row's sum over
//         `states`, raw observations of the policy at work; without any, the
//         largest.
//
// InvalidArgument: a weight beyond what binary16 can hold. O(states * weights).
absl::StatusOr<v1::ExportedPolicy> Quantize(
    const v1::ExportedPolicy& model, Quantization quantization,
    const std::vector<Eigen::VectorXf>& states);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_QUANTIZE_H_
