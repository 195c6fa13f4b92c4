#include "base/validate.h"

#include <limits>

#include "base/text_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/experiment.pb.h"

namespace starling {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> ViolationsOf(const std::string& text) {
  v1::Experiment experiment;
  google::protobuf::TextFormat::ParseInfoTree tree;
  const absl::Status status =
      ParseTextProto(text, "x.textproto", &experiment, &tree);
  EXPECT_TRUE(status.ok()) << status;
  return RangeViolations(experiment, PlacesOf(experiment, tree, "x.textproto"));
}

TEST(ValidateTest, ValuesWithinTheirRangesPass) {
  EXPECT_THAT(ViolationsOf("strategy { ars { sigma: 0.1 } } policy { mlp { "
                           "hidden: 1 hidden: 65536 } }"),
              IsEmpty());
}

TEST(ValidateTest, AllViolationsAreListedWithTheirPlaces) {
  EXPECT_THAT(
      ViolationsOf("policy { mlp { hidden: 4\n hidden: 0 } }\n"
                   "strategy { ars {\n  sigma: 0\n  num_directions: 99999 } }"),
      ElementsAre("x.textproto:2:2: policy.mlp.hidden[1] must be >= 1 and <= "
                  "65536, got 0",
                  "x.textproto:5:3: strategy.ars.num_directions must be >= 1 "
                  "and <= 65536, got 99999",
                  "x.textproto:4:3: strategy.ars.sigma must be > 0, got 0"));
}

TEST(ValidateTest, ExclusiveBoundsAreExclusive) {
  EXPECT_THAT(ViolationsOf("strategy { openai_es { optimizer { adam { beta1: 1 "
                           "} } } }"),
              ElementsAre("x.textproto:1:43: "
                          "strategy.openai_es.optimizer.adam.beta1 must be >= "
                          "0 and < 1, got 1"));
}

TEST(ValidateTest, NumbersAreFinite) {
  EXPECT_THAT(ViolationsOf("strategy { ars { sigma: inf } }"),
              ElementsAre("x.textproto:1:18: strategy.ars.sigma must be "
                          "finite, got inf"));
  EXPECT_THAT(ViolationsOf("rollout { reward_shift: nan }"),
              ElementsAre("x.textproto:1:11: rollout.reward_shift must be a "
                          "number, got nan"));
}

TEST(ValidateTest, AFieldThatTheFileLacksIsNamedWithTheFile) {
  const Places places = {{"", "x.textproto"}, {"env", "x.textproto:3:1"}};
  EXPECT_EQ(Locate(places, "env.max_steps"), "x.textproto:3:1: env.max_steps");
  EXPECT_EQ(Locate(places, "budget"), "x.textproto: budget");
}

TEST(ValidateTest, AFieldThatNoFileSetIsNamedByItsPathAlone) {
  v1::Experiment experiment;
  experiment.mutable_strategy()->mutable_ars()->set_sigma(-1);
  EXPECT_THAT(RangeViolations(experiment, {}),
              ElementsAre("strategy.ars.sigma must be > 0, got -1"));
}

}  // namespace
}  // namespace starling
