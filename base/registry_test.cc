#include "base/registry.h"

#include "gtest/gtest.h"
#include "proto/env.pb.h"

namespace starling {
namespace {

struct Thing {
  std::string made_of;
  int factor;
};
using ThingRegistry = Registry<Thing, v1::EnvConfig, int>;

const bool kPendulum = ThingRegistry::Register(
    "pendulum",
    [](const v1::EnvConfig& config,
       int factor) -> absl::StatusOr<std::unique_ptr<Thing>> {
      if (factor < 0) return absl::InvalidArgumentError("factor < 0");
      return std::make_unique<Thing>(Thing{"pendulum", factor});
    });

TEST(RegistryTest, TheFieldThatIsSetChoosesTheFactory) {
  v1::EnvConfig config;
  config.mutable_pendulum();

  const auto thing = ThingRegistry::Make(config, 3);

  ASSERT_TRUE(thing.ok()) << thing.status();
  EXPECT_EQ((*thing)->made_of, "pendulum");
  EXPECT_EQ((*thing)->factor, 3);
  EXPECT_EQ(ThingRegistry::Make(config, -1).status().message(), "factor < 0");
}

TEST(RegistryTest, AKindThatIsNotLinkedListsWhatIs) {
  v1::EnvConfig config;
  config.mutable_cartpole();

  const absl::Status status = ThingRegistry::Make(config, 1).status();

  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("cartpole"), std::string::npos);
  EXPECT_NE(status.message().find("linked: pendulum"), std::string::npos);
}

TEST(RegistryTest, NothingSetIsAnError) {
  EXPECT_EQ(ThingRegistry::Make(v1::EnvConfig(), 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RegistryTest, DefaultByNameSuggestsTheNearest) {
  EXPECT_TRUE(ThingRegistry::Default("pendulum")->has_pendulum());

  const absl::Status status = ThingRegistry::Default("pendulun").status();

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("did you mean pendulum?"), std::string::npos);
  EXPECT_FALSE(ThingRegistry::Default("max_steps").ok());
}

}  // namespace
}  // namespace starling
