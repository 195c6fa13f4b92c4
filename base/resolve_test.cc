#include "base/resolve.h"

#include "base/file.h"
#include "base/text_proto.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/experiment.pb.h"

namespace starling {
namespace {

v1::Experiment Parse(const std::string& text) {
  v1::Experiment experiment;
  EXPECT_TRUE(ParseTextProto(text, "test", &experiment).ok()) << text;
  return experiment;
}

TEST(ResolveTest, WritesDefaultsOfScalarsExplicitly) {
  const v1::Experiment resolved = Resolve(v1::Experiment());

  EXPECT_TRUE(resolved.has_seed());
  EXPECT_EQ(resolved.seed(), 1);
  EXPECT_TRUE(resolved.evaluation().has_every());
  EXPECT_EQ(resolved.evaluation().every(), 10);
  EXPECT_TRUE(resolved.normalizer().has_clip());
  EXPECT_EQ(resolved.normalizer().clip(), 10);
}

TEST(ResolveTest, KeepsWhatIsSetEvenToTheDefaultOrToZero) {
  const v1::Experiment resolved =
      Resolve(Parse("seed: 0 evaluation { every: 10 episodes: 7 }"));

  EXPECT_EQ(resolved.seed(), 0);
  EXPECT_EQ(resolved.evaluation().every(), 10);
  EXPECT_EQ(resolved.evaluation().episodes(), 7);
}

TEST(ResolveTest, DoesNotChooseAMemberOfAOneof) {
  const v1::Experiment resolved = Resolve(v1::Experiment());

  EXPECT_TRUE(resolved.has_env());
  EXPECT_EQ(resolved.env().kind_case(), v1::EnvConfig::KIND_NOT_SET);
  EXPECT_EQ(resolved.strategy().kind_case(), v1::StrategyConfig::KIND_NOT_SET);
}

TEST(ResolveTest, ResolvesTheMemberThatIsChosen) {
  const v1::Experiment resolved =
      Resolve(Parse("strategy { openai_es { optimizer { adam {} } } }"));

  const v1::OpenAiEs& strategy = resolved.strategy().openai_es();
  EXPECT_TRUE(strategy.has_sigma());
  EXPECT_TRUE(strategy.has_shaping());
  EXPECT_TRUE(strategy.optimizer().adam().has_beta1());
  EXPECT_EQ(strategy.optimizer().kind_case(), v1::OptimizerConfig::kAdam);
}

TEST(ResolveTest, IsIdempotent) {
  const v1::Experiment once =
      Resolve(Parse("policy { mlp { hidden: [3, 4] } } env { ant {} }"));

  EXPECT_EQ(SerializeDeterministically(Resolve(once)),
            SerializeDeterministically(once));
}

TEST(ResolveTest, SpellingOutADefaultChangesNothing) {
  EXPECT_EQ(SerializeDeterministically(Resolve(Parse("env { pendulum {} }"))),
            SerializeDeterministically(Resolve(
                Parse("env { pendulum {} max_steps: 0 } rollout {} seed: 1"))));
}

TEST(ResolveTest, PrintedTextParsesBackToTheSameMessage) {
  const v1::Experiment resolved = Resolve(
      Parse("name: \"a\" strategy { ars { sigma: 0.1 step_size: 1e-7 } } "
            "normalizer { clip: 3.3333333 } rollout { reward_shift: 0.1 }"));
  std::string text;
  ASSERT_TRUE(google::protobuf::TextFormat::PrintToString(resolved, &text));

  EXPECT_EQ(SerializeDeterministically(Parse(text)),
            SerializeDeterministically(resolved));
}

}  // namespace
}  // namespace starling
