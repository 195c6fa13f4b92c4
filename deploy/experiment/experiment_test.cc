#include "deploy/experiment/experiment.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::HasSubstr;

constexpr char kGood[] = R"(
name: "test" seed: 3
env { pendulum {} }
policy { mlp { hidden: 8 } }
strategy { openai_es { num_directions: 4 } }
budget { generations: 2 }
)";

std::string Write(const std::string& text) {
  const std::string path = testing::TempDir() + "/experiment.textproto";
  std::ofstream(path) << text;
  return path;
}

std::string ErrorOf(const std::string& text,
                    const std::vector<std::string>& overrides = {}) {
  const absl::Status status = LoadExperiment(Write(text), overrides).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

TEST(ExperimentTest, AValidFileIsPreparedWithItsDefaults) {
  const auto prepared = LoadExperiment(Write(kGood));

  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->env_spec.name(), "pendulum");
  EXPECT_TRUE(prepared->experiment.evaluation().has_episodes());
  EXPECT_TRUE(prepared->experiment.strategy().openai_es().has_sigma());
}

TEST(ExperimentTest, OverridesChangeIt) {
  const auto prepared =
      LoadExperiment(Write(kGood), {"seed=9", "policy.linear.bias=true"});

  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->experiment.seed(), 9u);
  EXPECT_TRUE(prepared->experiment.policy().has_linear());
}

TEST(ExperimentTest, AllViolationsAreListedAtOnceWithTheirPlaces) {
  const std::string error = ErrorOf(R"(name: "a/b"
env { pendulum {} max_steps: 2000000 }
policy { mlp { hidden: 0 } }
strategy { ars { num_directions: 4
 top_directions: 5 sigma: -1 } }
)");

  EXPECT_THAT(error, HasSubstr(":1:1: name must be 1 to 64 letters"));
  EXPECT_THAT(error, HasSubstr(":2:19: env.max_steps must be <= 1000000"));
  EXPECT_THAT(error, HasSubstr(":3:16: policy.mlp.hidden[0] must be >= 1"));
  EXPECT_THAT(error, HasSubstr(":5:2: strategy.ars.top_directions must be <="));
  EXPECT_THAT(error, HasSubstr(":5:20: strategy.ars.sigma must be > 0"));
  EXPECT_THAT(error, HasSubstr("budget must set generations or env_steps"));
}

TEST(ExperimentTest, MissingPartsListWhatThereIs) {
  const std::string error = ErrorOf(
      "name: 'x' budget { generations: 1 } policy { linear {} } "
      "strategy { ars {} }");

  EXPECT_THAT(error, HasSubstr("env no kind is set in EnvConfig; known: "));
  EXPECT_THAT(error, HasSubstr("pendulum"));
}

TEST(ExperimentTest, AnOverrideOutOfRangeIsNamedAsSuch) {
  EXPECT_THAT(ErrorOf(kGood, {"strategy.openai_es.sigma=0"}),
              HasSubstr("--set strategy.openai_es.sigma=0: "
                        "strategy.openai_es.sigma must be > 0, got 0"));
  EXPECT_THAT(ErrorOf(kGood, {"sed=1"}), HasSubstr("did you mean seed?"));
}

}  // namespace
}  // namespace starling
