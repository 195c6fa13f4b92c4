// The contract of policies/policy.h on architectures, over every policy that is
// linked in. A policy without a search space has none to set.
#include <algorithm>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "nas/sampling.h"
#include "policies/policy.h"
#include "tests/conformance/policy_cases.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

using ArchitectureConformanceTest = PolicyConformance;

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

TEST_P(ArchitectureConformanceTest, AnArchitectureLeavesNoTraceOfTheOneBefore) {
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

TEST_P(ArchitectureConformanceTest, ActingWithAnArchitectureAllocatesNothing) {
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

TEST_P(ArchitectureConformanceTest,
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

TEST_P(ArchitectureConformanceTest,
       WhatIsNoArchitectureIsRefusedAndChangesNothing) {
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

INSTANTIATE_TEST_SUITE_P(Registered, ArchitectureConformanceTest,
                         testing::ValuesIn(PolicyRegistry::Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace starling
