#include "deploy/export/onnx_run.h"

#include <cstdint>
#include <cstring>
#include <exception>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "deploy/export/onnx_proto.h"
#include "opencv2/core/utils/logger.hpp"
#include "opencv2/dnn.hpp"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

using onnx::TensorProto;

// Replaces the constants behind Cast and DequantizeLinear by floats.
absl::StatusOr<onnx::ModelProto> WithFloatWeights(const std::string& bytes) {
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes)) {
    return absl::InternalError("ONNX: the model can't be read back");
  }
  std::map<std::string, TensorProto> constants;
  for (const TensorProto& tensor : model.graph().initializer()) {
    constants[tensor.name()] = tensor;
  }
  onnx::GraphProto graph = model.graph();
  graph.clear_node();
  for (const onnx::NodeProto& node : model.graph().node()) {
    const auto weights = constants.find(node.input(0));
    const bool is_half = node.op_type() == "Cast";
    const bool is_int8 = node.op_type() == "DequantizeLinear";
    if (weights == constants.end() || !(is_half || is_int8)) {
      *graph.add_node() = node;
      continue;
    }
    const TensorProto& from = weights->second;
    const int64_t rows = from.dims(0), columns = from.dims(1);
    std::vector<float> scales(rows, 1);
    if (is_int8) {
      const std::string& raw = constants[node.input(1)].raw_data();
      if (raw.size() != rows * sizeof(float)) {
        return absl::InternalError("ONNX: not a scale a row");
      }
      std::memcpy(scales.data(), raw.data(), raw.size());
    }
    TensorProto* const to = graph.add_initializer();
    to->set_name(node.output(0));
    to->set_data_type(TensorProto::FLOAT);
    *to->mutable_dims() = from.dims();
    for (int64_t i = 0; i < rows * columns; ++i) {
      float value;
      if (is_int8) {
        value = static_cast<int8_t>(from.raw_data()[i]);
      } else {
        uint16_t half;
        std::memcpy(&half, from.raw_data().data() + 2 * i, sizeof(half));
        value = HalfToFloat(half);
      }
      value *= scales[i / columns];
      to->mutable_raw_data()->append(reinterpret_cast<const char*>(&value),
                                     sizeof(value));
    }
  }
  *model.mutable_graph() = graph;
  // What nothing reads any more must go: OpenCV converts every constant.
  auto* const kept = model.mutable_graph()->mutable_initializer();
  for (int i = kept->size() - 1; i >= 0; --i) {
    if (kept->at(i).data_type() != TensorProto::FLOAT) {
      kept->DeleteSubrange(i, 1);
    }
  }
  return model;
}

}  // namespace

absl::StatusOr<std::vector<float>> RunOnnx(const std::string& model,
                                           const std::vector<float>& states,
                                           int num_states) {
  ASSIGN_OR_RETURN(const onnx::ModelProto floats, WithFloatWeights(model));
  const std::string bytes = floats.SerializeAsString();
  try {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    cv::Mat batch(num_states, static_cast<int>(states.size()) / num_states,
                  CV_32F);
    std::memcpy(batch.data, states.data(), states.size() * sizeof(float));
    net.setInput(batch);
    const cv::Mat actions = net.forward();
    return std::vector<float>(actions.begin<float>(), actions.end<float>());
  } catch (const std::exception& error) {
    return absl::InternalError(
        absl::StrCat("OpenCV refuses the exported ONNX: ", error.what()));
  }
}

}  // namespace starling
