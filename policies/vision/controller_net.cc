#include "policies/vision/controller_net.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/linalg.h"
#include "base/math.h"
#include "policies/layers.h"
#include "policies/node_operation.h"

namespace starling {

absl::StatusOr<ControllerNet> ControllerNet::Create(const std::string& kind,
                                                    const v1::Lstm* lstm,
                                                    const v1::Mlp* mlp,
                                                    int64_t inputs,
                                                    int outputs) {
  // 1 GiB of floats.
  constexpr int64_t kMaxParameters = int64_t{1} << 28;
  const std::vector<uint32_t> hidden =
      mlp != nullptr
          ? std::vector<uint32_t>(mlp->hidden().begin(), mlp->hidden().end())
          : std::vector<uint32_t>{lstm != nullptr ? lstm->hidden()
                                                  : v1::Lstm().hidden()};
  int64_t below = inputs, num_parameters = 0;
  for (const uint32_t units : hidden) {
    const int64_t size =
        mlp != nullptr ? units * (below + 1) : 4 * units * (below + units + 2);
    num_parameters += size;
    below = units;
    if (num_parameters > kMaxParameters) break;
  }
  num_parameters += outputs * (below + 1);
  if (num_parameters > kMaxParameters) {
    return absl::InvalidArgumentError(absl::StrCat(
        "policy.", kind, ": the controller would have ", num_parameters,
        " parameters or more, over ", kMaxParameters, "; it reads ", inputs,
        " numbers: show it fewer, or use fewer units"));
  }

  ControllerNet net;
  const auto read = static_cast<int>(inputs);
  if (mlp == nullptr) {
    net.is_recurrent_ = true;
    net.output_scale_ = v1::Mlp().output_scale();
    const auto units = static_cast<int>(hidden[0]);
    net.AddLayer("lstm.input", 4 * units, read, true);
    net.AddLayer("lstm.state", 4 * units, units, true);
    // As is usual, both matrices come before both offsets.
    Layer& input = net.layers_[0];
    Layer& state = net.layers_[1];
    state.weights = input.offsets;
    input.offsets = state.weights + 4 * units * units;
    net.AddLayer("output", outputs, units, true);
    net.gates_.resize(4 * units);
    net.from_state_.resize(4 * units);
    net.cell_.resize(units);
    net.hidden_.resize(units);
  } else {
    net.activation_ = OperationOf(mlp->activation());
    net.output_scale_ = mlp->output_scale();
    int from = read;
    for (size_t i = 0; i <= hidden.size(); ++i) {
      const int units =
          i < hidden.size() ? static_cast<int>(hidden[i]) : outputs;
      net.AddLayer(absl::StrCat("layer", i), units, from, mlp->bias());
      from = units;
    }
    int widest = 0;
    for (const Layer& layer : net.layers_) {
      widest = std::max(widest, layer.units);
    }
    for (std::vector<float>& units : net.units_) units.resize(widest);
  }
  net.parameters_.resize(net.num_parameters_);
  return net;
}

void ControllerNet::AddLayer(const std::string& name, int units, int inputs,
                             bool has_offsets) {
  Layer layer{name, units, inputs, num_parameters_, 0, has_offsets};
  num_parameters_ += units * inputs;
  layer.offsets = num_parameters_;
  num_parameters_ += has_offsets ? units : 0;
  layers_.push_back(layer);
}

void ControllerNet::AddLayout(int offset, ParameterLayout* layout) const {
  ParameterLayout blocks;
  for (const Layer& layer : layers_) {
    if (layer.inputs > 0) {
      blocks.push_back({absl::StrCat("controller.", layer.name, ".weights"),
                        offset + layer.weights, layer.units, layer.inputs});
    }
    if (layer.has_offsets) {
      blocks.push_back({absl::StrCat("controller.", layer.name, ".bias"),
                        offset + layer.offsets, layer.units, 1});
    }
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const ParameterBlock& a, const ParameterBlock& b) {
              return a.offset < b.offset;
            });
  layout->insert(layout->end(), blocks.begin(), blocks.end());
}

void ControllerNet::InitialParameters(Rng* rng, float* parameters) const {
  std::fill(parameters, parameters + num_parameters_, 0.0f);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const double deviation = (i + 1 == layers_.size() ? output_scale_ : 1.0) /
                             std::sqrt(std::max(layer.inputs, 1));
    for (int j = 0; j < layer.units * layer.inputs; ++j) {
      parameters[layer.weights + j] =
          static_cast<float>(rng->Normal() * deviation);
    }
  }
}

void ControllerNet::SetParameters(const float* parameters) {
  std::copy(parameters, parameters + num_parameters_, parameters_.begin());
}

void ControllerNet::AddCost(PolicyCost* cost) const {
  for (const Layer& layer : layers_) {
    const int64_t edges = int64_t{layer.units} * layer.inputs;
    cost->weights += edges;
    cost->multiply_adds += edges;
    cost->chosen_edges += edges;
    cost->biases += layer.has_offsets ? layer.units : 0;
    cost->units += layer.units;
  }
}

void ControllerNet::Reset() {
  std::fill(cell_.begin(), cell_.end(), 0.0f);
  std::fill(hidden_.begin(), hidden_.end(), 0.0f);
}

void ControllerNet::Apply(const Layer& layer, const float* x, float* y) const {
  if (layer.has_offsets) {
    std::memcpy(y, parameters_.data() + layer.offsets,
                layer.units * sizeof(float));
  }
  if (layer.inputs > 0) {
    Gemv(parameters_.data() + layer.weights, x, layer.units, layer.inputs,
         layer.has_offsets, y);
  }
}

void ControllerNet::Act(const float* inputs, float* outputs) {
  if (is_recurrent_) {
    Apply(layers_[0], inputs, gates_.data());
    Apply(layers_[1], hidden_.data(), from_state_.data());
    const auto units = static_cast<int>(cell_.size());
    for (int i = 0; i < 4 * units; ++i) gates_[i] += from_state_[i];
    float* const in = gates_.data();
    float* const forget = in + units;
    float* const next = forget + units;
    float* const out = next + units;
    Sigmoid(in, 2 * units, in);
    Tanh(next, units, next);
    Sigmoid(out, units, out);
    for (int i = 0; i < units; ++i) {
      cell_[i] = forget[i] * cell_[i] + in[i] * next[i];
    }
    Tanh(cell_.data(), units, hidden_.data());
    for (int i = 0; i < units; ++i) hidden_[i] *= out[i];
    Apply(layers_[2], hidden_.data(), outputs);
    return;
  }
  const float* from = inputs;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const bool is_last = i + 1 == layers_.size();
    float* const to = is_last ? outputs : units_[i % 2].data();
    Apply(layers_[i], from, to);
    if (!is_last) starling::Apply(activation_, layers_[i].units, to);
    from = to;
  }
}

}  // namespace starling
