#include "base/override.h"

#include "gtest/gtest.h"
#include "proto/experiment.pb.h"

namespace starling {
namespace {

TEST(OverrideTest, SetsScalarsStringsEnumsListsAndMessages) {
  v1::Experiment experiment;
  experiment.mutable_strategy()->mutable_ars()->set_sigma(1);
  experiment.mutable_policy()->mutable_mlp()->add_hidden(64);

  for (const char* assignment :
       {"strategy.ars.step_size=0.5", "name=a-b", "seed = 7",
        "policy.mlp.hidden=32,16", "policy.mlp.activation=RELU",
        "env.hopper={}", "normalizer.enabled=false"}) {
    const absl::Status status = ApplyOverride(assignment, &experiment);
    ASSERT_TRUE(status.ok()) << status;
  }

  EXPECT_EQ(experiment.strategy().ars().step_size(), 0.5);
  EXPECT_EQ(experiment.strategy().ars().sigma(), 1);
  EXPECT_EQ(experiment.name(), "a-b");
  EXPECT_EQ(experiment.seed(), 7u);
  ASSERT_EQ(experiment.policy().mlp().hidden_size(), 2);
  EXPECT_EQ(experiment.policy().mlp().hidden(1), 16u);
  EXPECT_EQ(experiment.policy().mlp().activation(), v1::Mlp::RELU);
  EXPECT_TRUE(experiment.env().has_hopper());
  EXPECT_FALSE(experiment.normalizer().enabled());
}

TEST(OverrideTest, AnotherKindReplacesTheOldOne) {
  v1::Experiment experiment;
  experiment.mutable_strategy()->mutable_ars()->set_sigma(1);

  ASSERT_TRUE(ApplyOverride("strategy.openai_es.sigma=0.1", &experiment).ok());

  EXPECT_TRUE(experiment.strategy().has_openai_es());
}

TEST(OverrideTest, AWrongPathNamesTheNearestAndChangesNothing) {
  v1::Experiment experiment;
  experiment.mutable_strategy()->mutable_ars()->set_sigma(1);
  const std::string before = experiment.SerializeAsString();

  const absl::Status status =
      ApplyOverride("strategy.ars.step_sise=1", &experiment);

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("did you mean strategy.ars.step_size?"),
            std::string::npos)
      << status;
  EXPECT_FALSE(ApplyOverride("seed.x=1", &experiment).ok());
  EXPECT_FALSE(ApplyOverride("seed", &experiment).ok());
  EXPECT_FALSE(ApplyOverride("=1", &experiment).ok());
  EXPECT_EQ(experiment.SerializeAsString(), before);
}

TEST(OverrideTest, AWrongValueSaysSoAndChangesNothing) {
  v1::Experiment experiment;
  experiment.set_seed(3);

  for (const char* assignment :
       {"seed=-1", "seed=x", "seed=", "seed=1 name: 'x'", "env.hopper=3"}) {
    const absl::Status status = ApplyOverride(assignment, &experiment);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << assignment;
    EXPECT_NE(status.message().find("cannot set"), std::string::npos);
  }

  EXPECT_EQ(experiment.seed(), 3u);
  EXPECT_FALSE(experiment.env().has_hopper());
}

}  // namespace
}  // namespace starling
