// Every policy that is linked in, on environments of many shapes: what the
// conformance tests of policies go through.
#ifndef STARLING_TESTS_CONFORMANCE_POLICY_CASES_H_
#define STARLING_TESTS_CONFORMANCE_POLICY_CASES_H_

#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr int kSteps = 12;

// Options that a default configuration leaves untested.
inline const char* const kFurtherConfigs[] = {
    "linear { bias: true }",
    "linear { bias: true } action { squash: TANH }",
    "mlp { hidden: 16 hidden: 5 }",
    "mlp { hidden: 33 activation: RELU bias: false }",
    "mlp { hidden: 8 activation: SIGMOID } action { squash: TANH }",
    "edge_pruned { mlp { hidden: 16 } global { edges: 9 } }",
    "edge_pruned { mlp { hidden: 16 } residual { edges: 9 } "
    "operations: NODE_TANH operations: NODE_ABS }",
    "edge_pruned { mlp { hidden: 4 hidden: 3 } "
    "per_layer { edges: 4 edges: 3 edges: 2 } } action { squash: TANH }",
    "edge_pruned { mlp { hidden: 5 bias: false } mask {} }",
    "edge_pruned { mlp { hidden: 5 } random { edges: 5 } }",
    "weight_shared { mlp { hidden: 16 } partition {} }",
    "weight_shared { mlp { hidden: 16 } toeplitz {} }",
    "weight_shared { mlp { hidden: 16 } circulant {} }",
    "layer_sizes { mlp { hidden: 12 hidden: 16 } min_width: 2 }",
    "learned_mask { mlp { hidden: 16 } edges: 9 }",
    "configured { policy { mlp { hidden: 16 } } "
    "option { path: 'mlp.hidden' values: '4' values: '16' ordered: true } }",
    "exported { model { format_version: 1 "
    "contract { observations {} actions { low: -2 high: 2 } } "
    "whitening { mean: 0.5 scale: 2 clip: 4 } "
    "layers { rows: 3 operation: TANH dense { num_values: 1 } weights { "
    "float32 { values: 1 values: 2 values: 3 } } offsets: [1, 2, 3] } "
    "layers { rows: 1 operation: IDENTITY sparse { row_lengths: 2 values: [0, "
    "2] } weights { float32 { values: 1 values: 2 } } } "
    "head { kind: CLIP low: -2 high: 2 } } }",
    "implicit_attention { patch: 1 stride: 1 features { positive { m: 8 } } }",
    "implicit_attention { patch: 3 stride: 2 frame_stack: 3 positional: true "
    "max_norm: 1 top_k: 4 vote: ROW_UNNORMALIZED features { angular_hybrid { "
    "m: 6 n: 3 } } pick { color: true importance: true pixels: true by_place: "
    "true min_distance: 3 } mlp { hidden: 8 } } action { squash: TANH }",
    "implicit_attention { vote: COLUMN_UNNORMALIZED top_k: 35 lstm { hidden: 3 "
    "} }",
    "convolution { layer { channels: 3 size: 4 stride: 2 } mlp { hidden: 6 } }",
    "downscaled { height: 5 width: 7 mlp { hidden: 6 activation: RELU } }",
    "hybrid_point { categorical: 2 }",
    "hybrid_point { categorical: 5 levels: 2 } action { squash: TANH }",
};

inline v1::EnvSpec Spec(const std::string& name, int state_size,
                        int action_size, float low, float high) {
  v1::EnvSpec spec;
  spec.set_name(name);
  spec.set_state_size(state_size);
  spec.set_action_size(action_size);
  for (int i = 0; i < action_size; ++i) {
    spec.add_action_low(low);
    spec.add_action_high(high);
  }
  spec.set_max_steps(kSteps);
  return spec;
}

inline std::vector<v1::EnvSpec> Specs() {
  std::vector<v1::EnvSpec> specs = {
      Spec("no_state_unbounded", 0, 6, -kInfinity, kInfinity),
      Spec("no_state_bounded", 0, 17, -1, 1),
      Spec("one_to_one", 1, 1, -2, 2),
      Spec("half_bounded", 17, 6, 0, kInfinity),
      Spec("odd_bounds", 17, 6, -0.4f, 3),
      Spec("large", 376, 17, -0.4f, 0.4f),
  };
  v1::EnvSpec choice = Spec("choice", 17, 1, 0, 4);
  choice.set_num_choices(5);
  specs.push_back(choice);
  v1::EnvSpec pixels = Spec("pixels", 0, 2, -1, 1);
  pixels.set_image_height(24);
  pixels.set_image_width(32);
  pixels.set_image_channels(3);
  specs.push_back(pixels);
  pixels.set_name("pixels_and_state");
  pixels.set_state_size(5);
  specs.push_back(pixels);
  return specs;
}

// Configurations of one kind.
inline std::vector<v1::PolicyConfig> Configs(const std::string& kind) {
  std::vector<v1::PolicyConfig> configs = {*PolicyRegistry::Default(kind)};
  for (const char* const text : kFurtherConfigs) {
    v1::PolicyConfig config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config));
    if (PolicyRegistry::KindOf(config) == kind) configs.push_back(config);
  }
  return configs;
}

struct Case {
  v1::PolicyConfig config;
  v1::EnvSpec spec;
};

inline std::ostream& operator<<(std::ostream& out, const Case& shown) {
  return out << "policy { " << shown.config.ShortDebugString() << " } on "
             << shown.spec.name();
}

// A whole episode of made-up observations, at addresses shifted by `shift`
// floats from where the allocator puts them.
class Scene {
 public:
  Scene(const v1::EnvSpec& spec, uint64_t key, int shift = 0)
      : spec_(spec),
        shift_(shift),
        states_(shift + kSteps * spec.state_size()),
        pixels_(shift + kSteps * PixelBytes()) {
    Rng rng(key);
    for (size_t i = shift; i < states_.size(); ++i) {
      states_[i] = static_cast<float>(rng.Normal());
    }
    for (size_t i = shift; i < pixels_.size(); ++i) {
      pixels_[i] = static_cast<uint8_t>(rng.Word());
    }
  }

  Observation At(int step) const {
    const int size = static_cast<int>(spec_.state_size());
    Observation seen{.state = {states_.data() + shift_ + step * size, size},
                     .image = {}};
    if (PixelBytes() > 0) {
      seen.image = {.data = pixels_.data() + shift_ + step * PixelBytes(),
                    .height = static_cast<int>(spec_.image_height()),
                    .width = static_cast<int>(spec_.image_width()),
                    .channels = static_cast<int>(spec_.image_channels())};
    }
    return seen;
  }

 private:
  int PixelBytes() const {
    return spec_.image_height() * spec_.image_width() * spec_.image_channels();
  }

  const v1::EnvSpec spec_;
  const int shift_;
  std::vector<float> states_;
  std::vector<uint8_t> pixels_;
};

inline Eigen::VectorXf RandomTheta(const Policy& policy, uint64_t key,
                                   float scale) {
  Rng rng(key);
  Eigen::VectorXf theta(policy.num_parameters());
  for (float& value : theta) value = scale * static_cast<float>(rng.Normal());
  return theta;
}

// Actions of an episode, [action_size, kSteps].
inline Eigen::MatrixXf Play(Policy& policy, const v1::EnvSpec& spec,
                            const Scene& scene) {
  Eigen::MatrixXf actions(spec.action_size(), kSteps);
  policy.Reset();
  for (int step = 0; step < kSteps; ++step) {
    policy.Act(scene.At(step), actions.col(step));
  }
  return actions;
}

// A suite over all kinds of policies.
class PolicyConformance : public testing::TestWithParam<std::string> {
 protected:
  // Calls body(case, policy) for every case that the kind accepts.
  template <typename Body>
  void ForEachCase(Body body) {
    int num_accepted = 0;
    for (const v1::PolicyConfig& config : Configs(GetParam())) {
      for (const v1::EnvSpec& spec : Specs()) {
        const Case tried{config, spec};
        SCOPED_TRACE(testing::PrintToString(tried));
        auto policy = PolicyRegistry::Make(config, spec);
        if (!policy.ok()) {
          EXPECT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
          EXPECT_GT(policy.status().message().size(), 20u);
          continue;
        }
        ++num_accepted;
        body(tried, **policy);
        if (HasFatalFailure()) return;
      }
    }
    EXPECT_GT(num_accepted, 0);
  }
};

}  // namespace starling

#endif  // STARLING_TESTS_CONFORMANCE_POLICY_CASES_H_
