#include "deploy/export/c_source.h"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "base/rng.h"
#include "deploy/export/compiled_c.h"
#include "deploy/export/exporter.h"
#include "deploy/export/quantize.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nas/sampling.h"
#include "policies/policy.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

constexpr int kStates = 100;

v1::EnvSpec Spec(int state_size, int action_size, float low, float high) {
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
v1::ExportedPolicy Export(const std::string& policy, const v1::EnvSpec& spec,
                          float clip = 5) {
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

std::vector<float> States(int size) {
  Rng rng(7);
  std::vector<float> states;
  for (int i = 0; i < kStates * size; ++i) {
    states.push_back(static_cast<float>(rng.Normal() * (i % 7 == 0 ? 30 : 1)));
  }
  // NaN must come out as NaN.
  if (size > 0) states.back() = std::numeric_limits<float>::quiet_NaN();
  return states;
}

void ExpectTheSameBits(const v1::ExportedPolicy& model) {
  auto portable = *PortablePolicy::Create(model);
  const int size = portable.state_size();
  const std::vector<float> states = States(size);
  const auto code = WriteC(model, "c_test");
  ASSERT_TRUE(code.ok()) << code.status();
  const auto actions =
      RunC(*code, "c_test", states, kStates, portable.action_size());
  ASSERT_TRUE(actions.ok()) << actions.status() << "\n" << code->source;
  Eigen::VectorXf expected(portable.action_size());
  for (int i = 0; i < kStates; ++i) {
    portable.Act(
        Eigen::Map<const Eigen::VectorXf>(states.data() + i * size, size),
        expected);
    for (int k = 0; k < expected.size(); ++k) {
      const float got = (*actions)[i * expected.size() + k];
      ASSERT_TRUE(got == expected[k] ||
                  (std::isnan(got) && std::isnan(expected[k])))
          << "state " << i << ", action " << k << ": " << got << " for "
          << expected[k];
    }
  }
}

TEST(CSourceTest, AnswersWithTheBitsOfThePolicy) {
  const float infinity = std::numeric_limits<float>::infinity();
  v1::EnvSpec choice = Spec(9, 1, 0, 4);
  choice.set_num_choices(5);
  const struct {
    const char* policy;
    v1::EnvSpec spec;
  } kCases[] = {
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
  for (const auto& tried : kCases) {
    SCOPED_TRACE(tried.policy);
    const v1::ExportedPolicy model = Export(tried.policy, tried.spec);
    ExpectTheSameBits(model);
    for (const Quantization quantization :
         {Quantization::kFp16, Quantization::kInt8}) {
      SCOPED_TRACE(NameOf(quantization));
      const auto quantized = Quantize(model, quantization, {});
      ASSERT_TRUE(quantized.ok()) << quantized.status();
      ExpectTheSameBits(*quantized);
    }
  }
  ExpectTheSameBits(Export("linear {}", Spec(3, 2, -1, 1), /*clip=*/0));
}

TEST(CSourceTest, TheHeaderSaysWhatGoesInAndOut) {
  v1::ExportedPolicy model = Export("linear {}", Spec(2, 1, -2, 2));
  model.mutable_contract()->mutable_observations(1)->set_name("hip_speed");
  model.mutable_contract()->mutable_observations(1)->set_unit("rad/s");
  const auto code = WriteC(model, "leg");
  ASSERT_TRUE(code.ok()) << code.status();
  for (const char* const part :
       {"[1] hip_speed, rad/s", "action_0, in [-2, 2]", "every 0.05 s",
        "#define LEG_STATE_SIZE 2", "#define LEG_ACTION_SIZE 1",
        "void leg_act(const float *state, float *action);"}) {
    EXPECT_TRUE(absl::StrContains(code->header, part)) << code->header;
  }
  // Mean, scale, weights, bounds.
  EXPECT_EQ(code->data_bytes, 4 * (2 + 2 + 2 + 2));
}

TEST(CSourceTest, IdentifiersAreMadeOfAnything) {
  EXPECT_EQ(CIdentifier("half_cheetah-s1.x"), "half_cheetah_s1_x");
  EXPECT_EQ(CIdentifier("2legs"), "policy_2legs");
}

}  // namespace
}  // namespace starling
