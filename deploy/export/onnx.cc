#include "deploy/export/onnx.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "base/version.h"
#include "deploy/export/onnx_proto.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

using Layer = v1::NetworkLayer;
using onnx::TensorProto;

constexpr int kOpset = 13;
constexpr int kIrVersion = 8;

// Where each product of a layer stands in a matrix [rows, columns] over the
// values that the layer reads.
struct Matrix {
  // Name of what it reads, [batch, columns].
  std::string input;
  int rows = 0, columns = 0;
  std::vector<int64_t> places;
};

class Writer {
 public:
  Writer(const v1::ExportedPolicy& model, const std::string& name)
      : model_(model), graph_(*onnx_.mutable_graph()) {
    onnx_.set_ir_version(kIrVersion);
    onnx_.add_opset_import()->set_version(kOpset);
    onnx_.mutable_opset_import(0)->set_domain("");
    onnx_.set_producer_name("starling");
    onnx_.set_producer_version(kVersion);
    graph_.set_name(name);
  }

  absl::StatusOr<std::string> Write(const std::string& contract) {
    const v1::Contract& sizes = model_.contract();
    Port(graph_.add_input(), "state", sizes.observations_size());
    Port(graph_.add_output(), "action", sizes.actions_size());
    onnx_.add_metadata_props()->set_key("policy_contract");
    onnx_.mutable_metadata_props(0)->set_value(contract);

    AddValues(Whitened(), sizes.observations_size());
    for (int i = 0; i < model_.layers_size(); ++i) {
      ASSIGN_OR_RETURN(const std::string sum, Sum(i));
      AddValues(Operation(i, sum), static_cast<int>(model_.layers(i).rows()));
    }
    Head();
    std::string bytes;
    if (!onnx_.SerializeToString(&bytes)) {
      return absl::UnimplementedError("the ONNX form would exceed 2 GB");
    }
    return bytes;
  }

 private:
  // A tensor of values that are numbered one after the other.
  struct Values {
    std::string tensor;
    int first, number;
  };

  static void Port(onnx::ValueInfoProto* port, const std::string& name,
                   int size) {
    port->set_name(name);
    auto* tensor = port->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(TensorProto::FLOAT);
    tensor->mutable_shape()->add_dim()->set_dim_param("batch");
    tensor->mutable_shape()->add_dim()->set_dim_value(size);
  }

  void AddValues(const std::string& tensor, int number) {
    values_.push_back({tensor, num_values_, number});
    num_values_ += number;
  }

  onnx::NodeProto* Node(const std::string& type,
                        const std::vector<std::string>& inputs,
                        const std::string& output) {
    onnx::NodeProto* node = graph_.add_node();
    node->set_op_type(type);
    node->set_name(output);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  }
  static void SetInteger(onnx::NodeProto* node, const std::string& name,
                         int64_t value) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  std::string Tensor(const std::string& name, TensorProto::DataType type,
                     const std::vector<int64_t>& shape,
                     const std::string& bytes) {
    TensorProto* tensor = graph_.add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    for (const int64_t size : shape) tensor->add_dims(size);
    tensor->set_raw_data(bytes);
    return name;
  }
  // Floats are little-endian, as are the machines that this runs on.
  template <typename Floats>
  std::string FloatTensor(const std::string& name,
                          const std::vector<int64_t>& shape,
                          const Floats& floats) {
    std::string bytes(floats.size() * sizeof(float), '\0');
    auto* next = bytes.data();
    for (const float value : floats) {
      std::memcpy(next, &value, sizeof(value));
      next += sizeof(value);
    }
    return Tensor(name, TensorProto::FLOAT, shape, bytes);
  }

  // x cut at bounds [size], or [1] for all: high - relu(high - x), and the same
  // below; infinite bounds are none. Clip has one bound for all, and OpenCV
  // reads none that is a tensor.
  std::string Cut(const std::string& x, const std::vector<float>& low,
                  const std::vector<float>& high, const std::string& name) {
    std::string cut = x;
    const auto bound = [&](const std::vector<float>& at, bool is_upper) {
      std::vector<float> finite, is_bound, is_free;
      for (const float value : at) {
        finite.push_back(std::isfinite(value) ? value : 0);
        is_bound.push_back(std::isfinite(value) ? 1 : 0);
        is_free.push_back(std::isfinite(value) ? 0 : 1);
      }
      const auto number = std::count(is_bound.begin(), is_bound.end(), 1.0f);
      if (number == 0) return;
      const std::string whole = cut;
      const std::string side = absl::StrCat(name, is_upper ? "_high" : "_low");
      const std::vector<int64_t> shape = {static_cast<int64_t>(at.size())};
      FloatTensor(side, shape, finite);
      if (is_upper) {
        Node("Sub", {side, whole}, side + "_within");
      } else {
        Node("Sub", {whole, side}, side + "_within");
      }
      Node("Relu", {side + "_within"}, side + "_distance");
      cut = side + "_cut";
      Node(is_upper ? "Sub" : "Add", {side, side + "_distance"}, cut);
      if (number == static_cast<ptrdiff_t>(at.size())) return;
      FloatTensor(side + "_is_bound", shape, is_bound);
      FloatTensor(side + "_is_free", shape, is_free);
      Node("Mul", {cut, side + "_is_bound"}, side + "_of_bound");
      Node("Mul", {whole, side + "_is_free"}, side + "_of_free");
      cut = side + "_mixed";
      Node("Add", {side + "_of_bound", side + "_of_free"}, cut);
    };
    bound(high, true);
    bound(low, false);
    return cut;
  }

  std::string Whitened() {
    const v1::Whitening& whitening = model_.whitening();
    if (whitening.mean_size() == 0) return "state";
    const int64_t n = whitening.mean_size();
    FloatTensor("mean", {n}, whitening.mean());
    FloatTensor("scale", {n}, whitening.scale());
    Node("Sub", {"state", "mean"}, "centred");
    Node("Mul", {"centred", "scale"}, "whitened");
    if (whitening.clip() == 0) return "whitened";
    return Cut("whitened", {-whitening.clip()}, {whitening.clip()}, "clip");
  }

  // What layer i reads, and where its products stand.
  absl::StatusOr<Matrix> Place(int i) {
    const Layer& layer = model_.layers(i);
    // Values that it reads, product by product.
    std::vector<int> read;
    std::vector<int> rows;
    if (layer.has_dense()) {
      for (uint32_t r = 0; r < layer.rows(); ++r) {
        for (uint32_t k = 0; k < layer.dense().num_values(); ++k) {
          rows.push_back(static_cast<int>(r));
          read.push_back(static_cast<int>(layer.dense().first_value() + k));
        }
      }
    } else {
      for (int r = 0; r < layer.sparse().row_lengths_size(); ++r) {
        rows.insert(rows.end(), layer.sparse().row_lengths(r), r);
      }
      read.assign(layer.sparse().values().begin(),
                  layer.sparse().values().end());
    }
    // The tensors that hold them, side by side; where there are no products,
    // any tensor tells the batch.
    Matrix matrix;
    matrix.rows = static_cast<int>(layer.rows());
    std::vector<int> column_of(num_values_, 0);
    std::vector<std::string> tensors;
    for (const Values& values : values_) {
      const bool is_read =
          std::any_of(read.begin(), read.end(), [&values](int value) {
            return value >= values.first &&
                   value < values.first + values.number;
          });
      if (!is_read && !(read.empty() && tensors.empty())) continue;
      tensors.push_back(values.tensor);
      for (int k = 0; k < values.number; ++k) {
        column_of[values.first + k] = matrix.columns++;
      }
    }
    if (int64_t{matrix.rows} * matrix.columns > PortablePolicy::kMaxSize) {
      return absl::UnimplementedError(absl::StrCat(
          "ONNX: layer ", i, " would be a matrix of ", matrix.rows, " x ",
          matrix.columns, " elements, more than ", PortablePolicy::kMaxSize,
          ", since ONNX has no sparse product; use --format c or strlp"));
    }
    matrix.input = tensors[0];
    if (tensors.size() > 1) {
      matrix.input = absl::StrCat("inputs_", i);
      SetInteger(Node("Concat", tensors, matrix.input), "axis", 1);
    }
    for (size_t p = 0; p < read.size(); ++p) {
      matrix.places.push_back(int64_t{rows[p]} * matrix.columns +
                              column_of[read[p]]);
    }
    return matrix;
  }

  // The weights of layer i as a float tensor [rows, columns].
  absl::StatusOr<std::string> WeightMatrix(int i, const Matrix& matrix) {
    const v1::Weights& weights = model_.layers(i).weights();
    const std::string name = absl::StrCat("weights_", i);
    const std::vector<int64_t> shape = {matrix.rows, matrix.columns};
    const int64_t size = int64_t{matrix.rows} * matrix.columns;
    const auto place = [&](const std::string& from, int width) {
      std::string bytes(size * width, '\0');
      for (size_t p = 0; p < matrix.places.size(); ++p) {
        std::memcpy(bytes.data() + matrix.places[p] * width,
                    from.data() + p * width, width);
      }
      return bytes;
    };
    if (weights.has_int8()) {
      const auto& scales = weights.int8().scales();
      Node("DequantizeLinear",
           {Tensor(name + "_int8", TensorProto::INT8, shape,
                   place(weights.int8().values(), 1)),
            FloatTensor(name + "_scales", {matrix.rows}, scales),
            Tensor(name + "_zeros", TensorProto::INT8, {matrix.rows},
                   std::string(matrix.rows, '\0'))},
           name);
      SetInteger(graph_.mutable_node(graph_.node_size() - 1), "axis", 0);
      return name;
    }
    if (weights.has_float16()) {
      Node("Cast",
           {Tensor(name + "_half", TensorProto::FLOAT16, shape,
                   place(weights.float16().values(), 2))},
           name);
      SetInteger(graph_.mutable_node(graph_.node_size() - 1), "to",
                 TensorProto::FLOAT);
      return name;
    }
    ASSIGN_OR_RETURN(
        const std::vector<float> values,
        DecodeWeights(weights, static_cast<int64_t>(matrix.places.size()),
                      matrix.rows));
    std::vector<float> placed(size, 0);
    for (size_t p = 0; p < values.size(); ++p) {
      placed[matrix.places[p]] = values[p];
    }
    return FloatTensor(name, shape, placed);
  }

  // The sums of layer i, before its operation.
  absl::StatusOr<std::string> Sum(int i) {
    ASSIGN_OR_RETURN(const Matrix matrix, Place(i));
    ASSIGN_OR_RETURN(const std::string weights, WeightMatrix(i, matrix));
    std::vector<std::string> inputs = {matrix.input, weights};
    const auto& offsets = model_.layers(i).offsets();
    if (!offsets.empty()) {
      inputs.push_back(
          FloatTensor(absl::StrCat("offsets_", i), {offsets.size()}, offsets));
    }
    const std::string sum = absl::StrCat("sum_", i);
    SetInteger(Node("Gemm", inputs, sum), "transB", 1);
    return sum;
  }

  std::string Operation(int i, const std::string& x) {
    const std::string out = absl::StrCat("values_", i);
    switch (model_.layers(i).operation()) {
      case Layer::TANH:
        Node("Tanh", {x}, out);
        return out;
      case Layer::RELU:
        Node("Relu", {x}, out);
        return out;
      case Layer::SIGMOID:
        Node("Sigmoid", {x}, out);
        return out;
      case Layer::IDENTITY:
        return x;
      case Layer::EXP:
        Node("Exp", {Cut(x, {-HUGE_VALF}, {20}, absl::StrCat("exponent_", i))},
             out);
        return out;
      case Layer::SIN:
        Node("Sin", {x}, out);
        return out;
      case Layer::COS:
        Node("Cos", {x}, out);
        return out;
      case Layer::ABS:
        Node("Abs", {x}, out);
        return out;
      case Layer::SQUARE:
        Node("Mul", {x, x}, out);
        return out;
      case Layer::STEP:
        Node("Sign", {x}, out + "_sign");
        Node("Relu", {out + "_sign"}, out);
        return out;
      case Layer::RECIPROCAL:
        Node("Reciprocal", {x}, out + "_whole");
        return Cut(out + "_whole", {-10}, {10}, out);
      default:
        LOG(FATAL) << "operation " << model_.layers(i).operation();
        return x;
    }
  }

  void Head() {
    const v1::OutputHead& head = model_.head();
    const std::string raw = values_.back().tensor;
    const std::vector<float> low(head.low().begin(), head.low().end());
    const std::vector<float> high(head.high().begin(), head.high().end());
    std::string action;
    switch (head.kind()) {
      case v1::OutputHead::CHOICE: {
        onnx::NodeProto* const best = Node("ArgMax", {raw}, "choice");
        SetInteger(best, "axis", 1);
        SetInteger(best, "keepdims", 1);
        SetInteger(Node("Cast", {"choice"}, "action"), "to",
                   TensorProto::FLOAT);
        return;
      }
      case v1::OutputHead::TANH: {
        std::vector<float> half, middle;
        for (size_t i = 0; i < low.size(); ++i) {
          half.push_back(0.5f * high[i] - 0.5f * low[i]);
          middle.push_back(0.5f * high[i] + 0.5f * low[i]);
        }
        const auto n = static_cast<int64_t>(low.size());
        Node("Tanh", {raw}, "squashed");
        Node("Mul", {"squashed", FloatTensor("half_range", {n}, half)},
             "scaled");
        Node("Add", {"scaled", FloatTensor("middle", {n}, middle)}, "shifted");
        // Rounding must not leave the bounds.
        action = Cut("shifted", low, high, "bounds");
        break;
      }
      default:
        action = Cut(raw, low, high, "bounds");
    }
    Node("Identity", {action}, "action");
  }

  const v1::ExportedPolicy& model_;
  onnx::ModelProto onnx_;
  onnx::GraphProto& graph_;
  std::vector<Values> values_;
  int num_values_ = 0;
};

}  // namespace

absl::StatusOr<std::string> WriteOnnx(const v1::ExportedPolicy& model,
                                      const std::string& name,
                                      const std::string& contract) {
  RETURN_IF_ERROR(PortablePolicy::Create(model).status());
  if (model.contract().observations_size() == 0) {
    return absl::UnimplementedError(
        "ONNX: the policy reads no observation, and an ONNX model without an "
        "input answers nothing; use --format c or strlp");
  }
  return Writer(model, name).Write(contract);
}

}  // namespace starling
