#include "base/message_diff.h"

#include "base/text_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const std::string& before,
                               const std::string& after) {
  v1::Experiment messages[2];
  EXPECT_TRUE(ParseTextProto(before, "before", &messages[0]).ok());
  EXPECT_TRUE(ParseTextProto(after, "after", &messages[1]).ok());
  std::vector<std::string> lines;
  for (const FieldChange& change : DiffMessages(messages[0], messages[1])) {
    lines.push_back(change.ToString());
  }
  return lines;
}

TEST(MessageDiffTest, EqualMessagesDoNotDiffer) {
  const std::string text =
      "seed: 3 env { ant {} max_steps: 9 } policy { mlp { hidden: [1, 2] } }";

  EXPECT_THAT(Lines(text, text), IsEmpty());
}

TEST(MessageDiffTest, NamesEachDifferingFieldByItsPath) {
  EXPECT_THAT(
      Lines("seed: 1 strategy { ars { step_size: 0.02 top_by: MAX } }",
            "seed: 2 strategy { ars { step_size: 0.03 top_by: ABS_DIFFERENCE } "
            "}"),
      ElementsAre("seed: 1 -> 2", "strategy.ars.step_size: 0.02 -> 0.03",
                  "strategy.ars.top_by: MAX -> ABS_DIFFERENCE"));
}

TEST(MessageDiffTest, AnotherChoiceOfAOneofIsOneChange) {
  EXPECT_THAT(Lines("env { pendulum {} }", "env { ant {} max_steps: 5 }"),
              ElementsAre("env.kind: pendulum {} -> ant {}",
                          "env.max_steps: (not set) -> 5"));
}

TEST(MessageDiffTest, AChoiceThatOnlyOneSideMakesIsShown) {
  EXPECT_THAT(Lines("policy {}", "policy { linear { bias: true } }"),
              ElementsAre("policy.kind: (not set) -> linear { bias: true }"));
}

TEST(MessageDiffTest, RepeatedFieldsAreShownWhole) {
  EXPECT_THAT(Lines("policy { mlp { hidden: [16, 16] } }",
                    "policy { mlp { hidden: 32 } }"),
              ElementsAre("policy.mlp.hidden: [16, 16] -> [32]"));
}

TEST(MessageDiffTest, AMessageThatOnlyOneSideHasIsShownWhole) {
  EXPECT_THAT(Lines("", "budget { generations: 7 }"),
              ElementsAre("budget: (not set) -> { generations: 7 }"));
}

TEST(MessageDiffTest, TextIsQuotedSoThatItsEndIsSeen) {
  EXPECT_THAT(Lines("name: \"a\"", "name: \"a -> \\n\""),
              ElementsAre("name: \"a\" -> \"a -> \\n\""));
}

TEST(MessageDiffTest, FieldsWithoutPresenceAreComparedByValue) {
  v1::PolicyState before, after;
  before.mutable_distribution()->add_mean(1.5f);
  after.mutable_distribution()->add_mean(1.5f);
  after.set_generation(4);

  const std::vector<FieldChange> changes = DiffMessages(before, after);

  ASSERT_EQ(changes.size(), 1);
  EXPECT_EQ(changes[0].ToString(), "generation: 0 -> 4");
}

}  // namespace
}  // namespace starling
