#include "aggregator/noise_audit.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::HasSubstr;

constexpr int kSize = 20;

std::unique_ptr<Noise> MakeNoise(uint64_t seed) {
  v1::NoiseConfig config;
  config.mutable_gaussian();
  return *Noise::Create(config, seed, {{"theta", 0, kSize, 1}});
}

v1::WorkUnit Unit(uint64_t generation, uint32_t direction) {
  v1::WorkUnit unit;
  unit.set_generation(generation);
  unit.set_direction(direction);
  return unit;
}

// What a worker with this noise answers.
v1::RolloutResult Answer(const v1::WorkUnit& unit, const Noise& noise) {
  Eigen::VectorXf epsilon(kSize);
  noise.Open(unit.generation())
      ->Fill(static_cast<int>(unit.direction()), epsilon);
  v1::RolloutResult result;
  result.set_perturbation_check(NoiseCheck(epsilon));
  return result;
}

TEST(NoiseAuditTest, TheSameNoisePassesInAnyOrder) {
  const auto noise = MakeNoise(7);
  NoiseAudit audit(noise.get(), kSize);
  for (const auto& [generation, direction] :
       {std::pair(0, 3), {0, 1}, {2, 1}, {0, 3}}) {
    const v1::WorkUnit unit = Unit(generation, direction);

    EXPECT_TRUE(audit.Check(unit, Answer(unit, *noise)).ok());
  }
}

TEST(NoiseAuditTest, OtherNoiseIsFound) {
  const auto noise = MakeNoise(7), other = MakeNoise(8);
  NoiseAudit audit(noise.get(), kSize);
  const v1::WorkUnit unit = Unit(1, 2);

  for (const v1::RolloutResult& wrong :
       {Answer(unit, *other), Answer(Unit(1, 3), *noise),
        Answer(Unit(2, 2), *noise)}) {
    const absl::Status status = audit.Check(unit, wrong);

    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(std::string(status.message()), HasSubstr("of direction 2"));
  }
}

}  // namespace
}  // namespace starling
