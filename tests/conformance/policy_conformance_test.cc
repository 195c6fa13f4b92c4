// The contract of policies/policy.h, over every policy that is linked in and
// over environments of many shapes.
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "policies/policy.h"
#include "tests/conformance/policy_cases.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

using PolicyConformanceTest = PolicyConformance;

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
