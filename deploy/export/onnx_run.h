// What exported ONNX answers: it is loaded and run.
#ifndef STARLING_DEPLOY_EXPORT_ONNX_RUN_H_
#define STARLING_DEPLOY_EXPORT_ONNX_RUN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace starling {

// The actions, one after the other, to `num_states` raw states in one batch, by
// OpenCV's runtime. It reads neither half floats nor bytes: weights behind Cast
// or DequantizeLinear are computed before. Internal: it refuses the model, with
// what it says.
absl::StatusOr<std::vector<float>> RunOnnx(const std::string& model,
                                           const std::vector<float>& states,
                                           int num_states);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_ONNX_RUN_H_
