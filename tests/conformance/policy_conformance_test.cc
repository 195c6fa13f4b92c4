// The contract of policies/policy.h, over every policy that is linked in and
// over environments of many shapes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nas/sampling.h"
#include "policies/policy.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int kSteps = 12;

// Options that a default configuration leaves untested.
const char* const kFurtherConfigs[] = {
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
};

v1::EnvSpec Spec(const std::string& name, int state_size, int action_size,
                 float low, float high) {
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

std::vector<v1::EnvSpec> Specs() {
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
std::vector<v1::PolicyConfig> Configs(const std::string& kind) {
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

std::ostream& operator<<(std::ostream& out, const Case& shown) {
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

Eigen::VectorXf RandomTheta(const Policy& policy, uint64_t key, float scale) {
  Rng rng(key);
  Eigen::VectorXf theta(policy.num_parameters());
  for (float& value : theta) value = scale * static_cast<float>(rng.Normal());
  return theta;
}

// Actions of an episode, [action_size, kSteps].
Eigen::MatrixXf Play(Policy& policy, const v1::EnvSpec& spec,
                     const Scene& scene) {
  Eigen::MatrixXf actions(spec.action_size(), kSteps);
  policy.Reset();
  for (int step = 0; step < kSteps; ++step) {
    policy.Act(scene.At(step), actions.col(step));
  }
  return actions;
}

class PolicyConformanceTest : public testing::TestWithParam<std::string> {
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

TEST_P(PolicyConformanceTest, LayoutCoversTheParametersOnceUnderUniqueNames) {
  ForEachCase([](const Case& tried, Policy& policy) {
    int offset = 0;
    std::set<std::string> names;
    for (const ParameterBlock& block : policy.layout()) {
      EXPECT_EQ(block.offset, offset) << block.name;
      EXPECT_GE(block.rows, 1) << block.name;
      EXPECT_GE(block.cols, 1) << block.name;
      EXPECT_TRUE(names.insert(block.name).second) << block.name;
      EXPECT_FALSE(block.name.empty());
      offset += block.rows * block.cols;
    }
    EXPECT_EQ(offset, policy.num_parameters());
    EXPECT_GE(policy.num_parameters(), 1);
  });
}

TEST_P(PolicyConformanceTest, CostCountsNoMoreThanTheParametersThatAreActive) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const PolicyCost cost = policy.Cost();
    EXPECT_LE(cost.weights + cost.biases,
              static_cast<int64_t>(policy.ActiveParameters().size()));
    EXPECT_GE(cost.bits, 32 * (cost.weights + cost.biases));
    EXPECT_GE(cost.chosen_edges, cost.multiply_adds > 0);
    EXPECT_GE(cost.weights, 0);
    EXPECT_GE(cost.biases, 0);
    EXPECT_GE(cost.multiply_adds, cost.weights);
  });
}

TEST_P(PolicyConformanceTest, InitialParametersAreAPureFunctionOfTheKey) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const int d = policy.num_parameters();
    Eigen::VectorXf first = RandomTheta(policy, 1, 1);
    Eigen::VectorXf second = RandomTheta(policy, 2, 1);

    policy.InitialParameters(Rng(5), first);
    policy.SetParameters(RandomTheta(policy, 3, 1));
    policy.InitialParameters(Rng(5), second);

    EXPECT_EQ(first, second);
    EXPECT_TRUE(first.allFinite());
    // Rows of a longer buffer: nothing outside is touched.
    Eigen::VectorXf longer = Eigen::VectorXf::Constant(d + 2, 77);
    policy.InitialParameters(Rng(5), longer.segment(1, d));
    EXPECT_EQ(longer.segment(1, d), first);
    EXPECT_EQ(longer[0], 77);
    EXPECT_EQ(longer[d + 1], 77);
  });
}

TEST_P(PolicyConformanceTest, NothingIsAllocatedAfterTheFirstCall) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const Scene scene(tried.spec, 4);
    const Eigen::VectorXf theta = RandomTheta(policy, 5, 1);
    Eigen::VectorXf action(tried.spec.action_size());
    policy.SetParameters(theta);
    policy.Reset();
    policy.Act(scene.At(0), action);

    const AllocationGuard guard;
    for (int episode = 0; episode < 2; ++episode) {
      policy.SetParameters(theta);
      policy.Reset();
      for (int step = 0; step < kSteps; ++step) {
        policy.Act(scene.At(step), action);
      }
    }
    EXPECT_EQ(guard.count(), 0);
  });
}

TEST_P(PolicyConformanceTest, ActionsDependOnlyOnParametersAndTheEpisode) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const Scene scene(tried.spec, 4), other_scene(tried.spec, 6);
    const Eigen::VectorXf theta = RandomTheta(policy, 5, 1);
    policy.SetParameters(theta);
    const Eigen::MatrixXf expected = Play(policy, tried.spec, scene);

    // Another episode and other parameters in between leave no trace.
    Play(policy, tried.spec, other_scene);
    EXPECT_TRUE(Play(policy, tried.spec, scene) == expected);
    policy.SetParameters(RandomTheta(policy, 7, 1));
    Play(policy, tried.spec, other_scene);
    policy.SetParameters(theta);
    EXPECT_TRUE(Play(policy, tried.spec, scene) == expected);

    // Nor does it matter which instance acts, nor what becomes of the vector.
    const auto twin = *PolicyRegistry::Make(tried.config, tried.spec);
    Eigen::VectorXf lent = theta;
    twin->SetParameters(lent);
    lent.setConstant(-1);
    EXPECT_TRUE(Play(*twin, tried.spec, scene) == expected);
  });
}

TEST_P(PolicyConformanceTest, ActionsStayWithinTheBounds) {
  ForEachCase([](const Case& tried, Policy& policy) {
    for (const float scale : {0.01f, 1.0f, 1000.0f}) {
      policy.SetParameters(RandomTheta(policy, 8, scale));
      const Eigen::MatrixXf actions =
          Play(policy, tried.spec, Scene(tried.spec, 9));
      for (int i = 0; i < actions.rows(); ++i) {
        for (int step = 0; step < kSteps; ++step) {
          ASSERT_GE(actions(i, step), tried.spec.action_low(i));
          ASSERT_LE(actions(i, step), tried.spec.action_high(i));
          if (tried.spec.num_choices() > 0) {
            ASSERT_EQ(actions(i, step), std::floor(actions(i, step)));
          }
        }
      }
    }
  });
}

TEST_P(PolicyConformanceTest, NanParametersGiveNanActions) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    policy.SetParameters(
        Eigen::VectorXf::Constant(policy.num_parameters(), nan));
    EXPECT_TRUE(
        Play(policy, tried.spec, Scene(tried.spec, 9)).array().isNaN().all());

    // And the policy recovers.
    policy.SetParameters(RandomTheta(policy, 5, 1));
    EXPECT_TRUE(Play(policy, tried.spec, Scene(tried.spec, 9))
                    .array()
                    .isFinite()
                    .all());
  });
}

TEST_P(PolicyConformanceTest, ParametersMatter) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const Scene scene(tried.spec, 4);
    policy.SetParameters(RandomTheta(policy, 5, 0.5f));
    const Eigen::MatrixXf before = Play(policy, tried.spec, scene);
    policy.SetParameters(RandomTheta(policy, 15, 0.5f));
    EXPECT_FALSE(Play(policy, tried.spec, scene) == before);
  });
}

TEST_P(PolicyConformanceTest, BitsDoNotDependOnAddresses) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const int d = policy.num_parameters();
    const int action_size = tried.spec.action_size();
    const Eigen::VectorXf theta = RandomTheta(policy, 5, 0.5f);
    policy.SetParameters(theta);
    const Eigen::MatrixXf expected =
        Play(policy, tried.spec, Scene(tried.spec, 4));
    for (int shift = 1; shift < 9; ++shift) {
      const Scene scene(tried.spec, 4, shift);
      Eigen::VectorXf shifted(shift + d), actions(shift + action_size);
      shifted.tail(d) = theta;
      policy.SetParameters(shifted.tail(d));
      policy.Reset();
      for (int step = 0; step < kSteps; ++step) {
        policy.Act(scene.At(step), actions.tail(action_size));
        ASSERT_EQ(actions.tail(action_size), expected.col(step))
            << "shift " << shift << ", step " << step;
      }
    }
  });
}

// Architectures of a policy whose space is not empty: a few at random.
std::vector<v1::Architecture> Architectures(const Policy& policy) {
  std::vector<v1::Architecture> architectures;
  if (policy.search_space().empty()) return architectures;
  Rng rng(11);
  for (int i = 0; i < 5; ++i) {
    architectures.push_back(
        policy.search_space().Encode(Sample(policy.search_space(), &rng)));
  }
  return architectures;
}

TEST_P(PolicyConformanceTest, AnArchitectureLeavesNoTraceOfTheOneBefore) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const Scene scene(tried.spec, 4);
    const Eigen::VectorXf theta = RandomTheta(policy, 5, 1);
    for (const v1::Architecture& architecture : Architectures(policy)) {
      ASSERT_TRUE(policy.SetArchitecture(architecture).ok());
      policy.SetParameters(theta);
      const Eigen::MatrixXf actions = Play(policy, tried.spec, scene);

      const auto twin = *PolicyRegistry::Make(tried.config, tried.spec);
      ASSERT_TRUE(twin->SetArchitecture(architecture).ok());
      twin->SetParameters(theta);
      EXPECT_TRUE(Play(*twin, tried.spec, scene) == actions);
      EXPECT_EQ(twin->Cost().bits, policy.Cost().bits);
      EXPECT_EQ(twin->layout().size(), policy.layout().size());
    }
    // An empty one is the policy without a search.
    ASSERT_TRUE(policy.SetArchitecture(v1::Architecture()).ok());
    policy.SetParameters(theta);
    const auto fresh = *PolicyRegistry::Make(tried.config, tried.spec);
    fresh->SetParameters(theta);
    EXPECT_TRUE(Play(policy, tried.spec, scene) ==
                Play(*fresh, tried.spec, scene));
  });
}

TEST_P(PolicyConformanceTest, ActingWithAnArchitectureAllocatesNothing) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const Scene scene(tried.spec, 4);
    const Eigen::VectorXf theta = RandomTheta(policy, 5, 1);
    Eigen::VectorXf action(tried.spec.action_size());
    for (const v1::Architecture& architecture : Architectures(policy)) {
      ASSERT_TRUE(policy.SetArchitecture(architecture).ok());
      policy.SetParameters(theta);
      policy.Reset();
      policy.Act(scene.At(0), action);

      const AllocationGuard guard;
      policy.SetParameters(theta);
      policy.Reset();
      for (int step = 0; step < kSteps; ++step) {
        policy.Act(scene.At(step), action);
      }
      EXPECT_EQ(guard.count(), 0);
    }
  });
}

TEST_P(PolicyConformanceTest,
       AnArchitectureCostsNoMoreThanItsActiveParameters) {
  ForEachCase([](const Case& tried, Policy& policy) {
    for (const v1::Architecture& architecture : Architectures(policy)) {
      ASSERT_TRUE(policy.SetArchitecture(architecture).ok());
      const std::vector<int> active = policy.ActiveParameters();
      const PolicyCost cost = policy.Cost();
      EXPECT_LE(cost.weights + cost.biases,
                static_cast<int64_t>(active.size()));
      EXPECT_LE(cost.weights, cost.multiply_adds);
      EXPECT_LE(cost.multiply_adds, cost.chosen_edges);
      EXPECT_TRUE(std::is_sorted(active.begin(), active.end()));
      if (!active.empty()) {
        EXPECT_GE(active.front(), 0);
        EXPECT_LT(active.back(), policy.num_parameters());
      }
    }
  });
}

TEST_P(PolicyConformanceTest, WhatIsNoArchitectureIsRefusedAndChangesNothing) {
  ForEachCase([](const Case& tried, Policy& policy) {
    const Scene scene(tried.spec, 4);
    const Eigen::VectorXf theta = RandomTheta(policy, 5, 1);
    policy.SetParameters(theta);
    const Eigen::MatrixXf before = Play(policy, tried.spec, scene);
    v1::Architecture foreign;
    foreign.set_space(policy.search_space().fingerprint() + 1);
    foreign.set_encoding("x");
    v1::Architecture corrupt;
    corrupt.set_space(policy.search_space().fingerprint());
    corrupt.set_encoding("not an encoding of anything that there is");

    EXPECT_EQ(policy.SetArchitecture(foreign).code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(policy.SetArchitecture(corrupt).code(),
              absl::StatusCode::kInvalidArgument);

    policy.SetParameters(theta);
    EXPECT_TRUE(Play(policy, tried.spec, scene) == before);
  });
}

INSTANTIATE_TEST_SUITE_P(Registered, PolicyConformanceTest,
                         testing::ValuesIn(PolicyRegistry::Names()),
                         [](const auto& test) { return test.param; });

TEST(PolicyRegistryTest, AKindWithoutANameIsRefusedWithTheKnownOnes) {
  const auto policy = PolicyRegistry::Make(v1::PolicyConfig(), Specs()[2]);

  ASSERT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(policy.status().ToString().find("mlp"), std::string::npos);
}

}  // namespace
}  // namespace starling
