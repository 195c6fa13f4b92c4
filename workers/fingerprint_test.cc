#include "workers/fingerprint.h"

#include <ctime>
#include <string>

#include "base/log.h"
#include "envs/env.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::Experiment ExperimentOn(const std::string& env) {
  v1::Experiment experiment;
  CHECK(google::protobuf::TextFormat::ParseFromString("env { " + env + " }",
                                                      &experiment));
  return experiment;
}

std::string PhysicsOf(const std::string& env) {
  return ComputeFingerprint(ExperimentOn(env))->physics();
}

TEST(FingerprintTest, IsTheSameEachTimeForEveryEnvironment) {
  for (const std::string& name : EnvRegistry::Names()) {
    const v1::Experiment experiment = ExperimentOn(name + " {}");
    const auto first = ComputeFingerprint(experiment);
    ASSERT_TRUE(first.ok()) << name << ": " << first.status();
    const auto second = ComputeFingerprint(experiment);
    EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString()) << name;
    EXPECT_EQ(first->physics().size(), 64u);
    EXPECT_EQ(first->numbers().size(), 64u);
    EXPECT_FALSE(first->build().empty());
    EXPECT_EQ(first->mujoco_version().substr(0, 2), "3.");
  }
}

TEST(FingerprintTest, PhysicsDependOnTheEnvironmentAndItsOptions) {
  EXPECT_NE(PhysicsOf("pendulum {}"), PhysicsOf("cartpole {}"));
  EXPECT_NE(PhysicsOf("pendulum {}"), PhysicsOf("pendulum {} max_steps: 7"));
  EXPECT_EQ(ComputeFingerprint(ExperimentOn("pendulum {}"))->numbers(),
            ComputeFingerprint(ExperimentOn("cartpole {}"))->numbers());
}

TEST(FingerprintTest, TakesLessThanTwoTenthsOfASecondOfProcessorTime) {
  const std::clock_t start = std::clock();
  ASSERT_TRUE(ComputeFingerprint(ExperimentOn("half_cheetah {}")).ok());
  EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC / 5);
}

TEST(FingerprintTest, AnEnvironmentThatCannotBeBuiltIsItsOwnError) {
  EXPECT_EQ(ComputeFingerprint(v1::Experiment()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace starling
