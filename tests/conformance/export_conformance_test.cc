// What a robot loads acts as the policy that it was made of, over every policy
// that is linked in.
#include <memory>
#include <string>
#include <vector>

#include "deploy/export/c_source.h"
#include "deploy/export/onnx.h"
#include "gtest/gtest.h"
#include "nas/sampling.h"
#include "policies/policy.h"
#include "policies/portable/portable_policy.h"
#include "tests/conformance/policy_cases.h"

namespace starling {
namespace {

using ExportConformanceTest = PolicyConformance;

// What a program adds to Policy::Export.
void AddContract(const v1::EnvSpec& spec, v1::ExportedPolicy* model) {
  model->set_format_version(PortablePolicy::kFormatVersion);
  v1::Contract* contract = model->mutable_contract();
  for (uint32_t i = 0; i < spec.state_size(); ++i) contract->add_observations();
  for (uint32_t i = 0; i < spec.action_size(); ++i) {
    contract->add_actions()->set_low(spec.action_low(static_cast<int>(i)));
    contract->mutable_actions(static_cast<int>(i))
        ->set_high(spec.action_high(static_cast<int>(i)));
  }
  contract->set_num_choices(spec.num_choices());
}

void ExpectTheSame(const Case& tried, Policy& policy) {
  const Eigen::VectorXf theta = RandomTheta(policy, 5, 0.5f);
  policy.SetParameters(theta);
  v1::ExportedPolicy model;
  const absl::Status status = policy.Export(&model);
  if (absl::IsUnimplemented(status)) {
    EXPECT_GT(status.message().size(), 20u) << "no reason why not";
    return;
  }
  ASSERT_TRUE(status.ok()) << status;
  AddContract(tried.spec, &model);
  auto portable = PortablePolicy::Create(model);
  ASSERT_TRUE(portable.ok()) << portable.status();

  const Scene scene(tried.spec, 4);
  const Eigen::MatrixXf expected = Play(policy, tried.spec, scene);
  // A mask's constants are folded in another order.
  const float tolerance = tried.config.has_learned_mask() ? 1e-5f : 0;
  Eigen::VectorXf action(tried.spec.action_size());
  for (int step = 0; step < kSteps; ++step) {
    portable->Act(scene.At(step).state, action);
    EXPECT_LE((action - expected.col(step)).cwiseAbs().maxCoeff(), tolerance)
        << "step " << step;
  }
}

TEST_P(ExportConformanceTest, ActsAsThePolicyDoes) {
  ForEachCase(ExpectTheSame);
}

TEST_P(ExportConformanceTest, ActsAsThePolicyDoesWithAnArchitecture) {
  ForEachCase([](const Case& tried, Policy& policy) {
    if (policy.search_space().empty()) return;
    Rng rng(3);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(policy
                      .SetArchitecture(policy.search_space().Encode(
                          Sample(policy.search_space(), &rng)))
                      .ok());
      ExpectTheSame(tried, policy);
    }
  });
}

TEST_P(ExportConformanceTest, HoldsOnlyWhatLives) {
  ForEachCase([](const Case& tried, Policy& policy) {
    policy.SetParameters(RandomTheta(policy, 5, 0.5f));
    v1::ExportedPolicy model;
    if (!policy.Export(&model).ok()) return;
    int64_t products = 0;
    for (const v1::NetworkLayer& layer : model.layers()) {
      products += layer.weights().float32().values_size();
    }
    const PolicyCost cost = policy.Cost();
    EXPECT_LE(products, cost.multiply_adds);
    EXPECT_GE(products, cost.weights);
  });
}

// Or says why not.
TEST_P(ExportConformanceTest, HasEveryFormat) {
  ForEachCase([](const Case& tried, Policy& policy) {
    policy.SetParameters(RandomTheta(policy, 5, 0.5f));
    v1::ExportedPolicy model;
    if (!policy.Export(&model).ok()) return;
    AddContract(tried.spec, &model);
    EXPECT_TRUE(WriteC(model, "policy").ok());
    const absl::Status onnx = WriteOnnx(model, "policy", "{}").status();
    if (tried.spec.state_size() > 0) {
      EXPECT_TRUE(onnx.ok()) << onnx;
    } else {
      EXPECT_TRUE(absl::IsUnimplemented(onnx)) << onnx;
      EXPECT_GT(onnx.message().size(), 20u) << "no reason why not";
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Registered, ExportConformanceTest,
                         testing::ValuesIn(PolicyRegistry::Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace starling
