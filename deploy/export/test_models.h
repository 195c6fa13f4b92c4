// Policies to export in tests.
#ifndef STARLING_DEPLOY_EXPORT_TEST_MODELS_H_
#define STARLING_DEPLOY_EXPORT_TEST_MODELS_H_

#include <limits>
#include <string>
#include <vector>

#include "base/moments.h"
#include "base/rng.h"
#include "deploy/export/exporter.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nas/sampling.h"
#include "policies/policy.h"

namespace starling {

inline v1::EnvSpec Spec(int state_size, int action_size, float low,
                        float high) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_state_size(state_size);
  spec.set_action_size(action_size);
  spec.mutable_action_low()->Resize(action_size, low);
  spec.mutable_action_high()->Resize(action_size, high);
  spec.set_control_period_s(0.05);
  return spec;
}

// A policy with random parameters and an architecture, after some observations.
inline v1::ExportedPolicy Export(const std::string& policy,
                                 const v1::EnvSpec& spec, float clip = 5) {
  v1::Experiment experiment;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      policy, experiment.mutable_policy()));
  experiment.set_name("c_test");
  experiment.mutable_normalizer()->set_clip(clip);
  const auto made = *PolicyRegistry::Make(experiment.policy(), spec);
  Rng rng(5);
  v1::PolicyState state;
  for (int i = 0; i < made->num_parameters(); ++i) {
    state.mutable_distribution()->add_mean(0.5f *
                                           static_cast<float>(rng.Normal()));
  }
  if (!made->search_space().empty()) {
    *state.mutable_choice() =
        made->search_space().Encode(Sample(made->search_space(), &rng));
  }
  if (spec.state_size() > 0) {
    Moments moments(static_cast<int>(spec.state_size()));
    Eigen::VectorXf x(spec.state_size());
    for (int k = 0; k < 20; ++k) {
      for (float& value : x) value = static_cast<float>(1 + 2 * rng.Normal());
      moments.Add(x);
    }
    *state.mutable_moments() = moments.ToProto();
  }
  const auto model = ExportPolicy(experiment, spec, state);
  EXPECT_TRUE(model.ok()) << model.status();
  return *model;
}

// Of every kind of layer, operation and head.
struct ExportCase {
  const char* policy;
  v1::EnvSpec spec;
};
inline std::vector<ExportCase> ExportCases() {
  const float infinity = std::numeric_limits<float>::infinity();
  v1::EnvSpec choice = Spec(9, 1, 0, 4);
  choice.set_num_choices(5);
  return {
      {"linear {}", Spec(3, 2, -1, 1)},
      {"linear { bias: true }", Spec(0, 3, -infinity, infinity)},
      {"mlp { hidden: 64 hidden: 64 }", Spec(17, 6, -1, 1)},
      {"mlp { hidden: 12 activation: RELU bias: false }",
       Spec(17, 6, -infinity, infinity)},
      {"mlp { hidden: 12 activation: SIGMOID } action { squash: TANH }",
       Spec(9, 2, -0.5, 3)},
      {"mlp { hidden: 5 }", choice},
      {"edge_pruned { mlp { hidden: 32 } residual { edges: 90 } "
       "operations: NODE_TANH operations: NODE_RELU operations: NODE_SIGMOID "
       "operations: NODE_IDENTITY operations: NODE_EXP operations: NODE_SIN "
       "operations: NODE_COS operations: NODE_ABS operations: NODE_SQUARE "
       "operations: NODE_STEP operations: NODE_RECIPROCAL }",
       Spec(17, 6, -1, infinity)},
      {"weight_shared { mlp { hidden: 32 } partition { num_weights: 17 } }",
       Spec(17, 6, -1, 1)},
      {"hybrid_point { categorical: 2 }", Spec(0, 5, -infinity, infinity)},
  };
}

// A whole matrix of three different weights, in three bits each.
inline v1::ExportedPolicy SharedDense() {
  v1::ExportedPolicy model = Export("mlp { hidden: 11 }", Spec(21, 3, -1, 1));
  v1::NetworkLayer* const layer = model.mutable_layers(0);
  EXPECT_TRUE(layer->has_dense());
  v1::SharedWeights shared;
  for (const float weight : {-0.5f, 0.25f, 1.0f}) shared.add_table(weight);
  shared.set_bits(3);
  shared.mutable_indices()->resize((11 * 21 * 3 + 7) / 8);
  for (int p = 0; p < 11 * 21; ++p) {
    for (int bit = 0; bit < 3; ++bit) {
      const int at = 3 * p + bit;
      shared.mutable_indices()->at(at / 8) |=
          static_cast<char>(((p * p % 3) >> bit & 1) << at % 8);
    }
  }
  *layer->mutable_weights()->mutable_shared() = shared;
  return model;
}

// [n] states of that size, some of them large.
inline std::vector<float> States(int n, int size) {
  Rng rng(7);
  std::vector<float> states;
  for (int i = 0; i < n * size; ++i) {
    states.push_back(static_cast<float>(rng.Normal() * (i % 7 == 0 ? 30 : 1)));
  }
  return states;
}

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_TEST_MODELS_H_
