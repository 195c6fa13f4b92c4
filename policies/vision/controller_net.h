// The small network behind what a policy sees: an LSTM with a linear layer, or
// fully connected layers.
//
// LSTM: i, f, g, o = W_ih x + b_ih + W_hh h + b_hh; c = sigmoid(f) c +
// sigmoid(i) tanh(g); h = sigmoid(o) tanh(c); the answer is W h + b. Parameters
// in this order, matrices row by row. Paper: "Long Short-Term Memory".
#ifndef STARLING_POLICIES_VISION_CONTROLLER_NET_H_
#define STARLING_POLICIES_VISION_CONTROLLER_NET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/parameter_layout.h"
#include "base/rng.h"
#include "base/vectors.h"
#include "policies/policy.h"
#include "proto/policy.pb.h"

namespace starling {

class ControllerNet {
 public:
  // `mlp` if it is not null, else an LSTM, of default size if that is null too.
  // InvalidArgument, naming policy.<kind>: more than 2^28 parameters.
  static absl::StatusOr<ControllerNet> Create(const std::string& kind,
                                              const v1::Lstm* lstm,
                                              const v1::Mlp* mlp,
                                              int64_t inputs, int outputs);

  int num_parameters() const { return num_parameters_; }
  // Adds its blocks, the first of them at `offset`.
  void AddLayout(int offset, ParameterLayout* layout) const;
  // Weights N(0, 1 / inputs of the layer), those of the last layer a tenth of
  // it, offsets 0; [num_parameters].
  void InitialParameters(Rng* rng, float* parameters) const;
  // Keeps a copy.
  void SetParameters(const float* parameters);
  void AddCost(PolicyCost* cost) const;

  // Forgets what an LSTM has seen.
  void Reset();
  // inputs -> outputs, as many as at creation. NaN goes through. No allocation.
  void Act(const float* inputs, float* outputs);

 private:
  // A matrix and its offsets in parameters_.
  struct Layer {
    std::string name;
    int units, inputs;
    int weights, offsets;
    bool has_offsets;
  };

  ControllerNet() = default;
  void AddLayer(const std::string& name, int units, int inputs,
                bool has_offsets);
  // y = W x + b.
  void Apply(const Layer& layer, const float* x, float* y) const;

  bool is_recurrent_ = false;
  v1::NodeOperation activation_ = v1::NODE_TANH;
  float output_scale_ = 0;
  // Recurrent: that of the input, that of the state, the last.
  std::vector<Layer> layers_;
  int num_parameters_ = 0;
  std::vector<float> parameters_;
  // Of an LSTM: gates, what the state adds to them, state and output.
  std::vector<float> gates_, from_state_, cell_, hidden_;
  // Of the layer at work and of the one below, in turn.
  std::vector<float> units_[2];
};

}  // namespace starling

#endif  // STARLING_POLICIES_VISION_CONTROLLER_NET_H_
