#include "nas/sampling.h"

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/text_proto.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

SearchSpace Space(const std::string& text) {
  v1::SearchSpace message;
  EXPECT_TRUE(ParseTextProto(text, "a test", &message).ok());
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(message);
  EXPECT_TRUE(space.ok()) << space.status();
  return *std::move(space);
}

// 2 (1 + 2 (1 + 6)) = 30 architectures.
constexpr char kNested[] = R"(
  decisions { name: "depth" integer { min: 1 max: 3 } }
  decisions { name: "act" one_of { num_candidates: 2 } }
  decisions { name: "second" boolean {}
              only_if { decision: "depth" values: [2, 3] } }
  decisions { name: "edges" many_of { k: 2 num_candidates: 4 }
              only_if { decision: "second" values: 1 } }
)";

constexpr char kOfEveryKind[] = R"(
  decisions { name: "edges" many_of { k: 64 num_candidates: 736 } }
  decisions { name: "all" many_of { k: 3 num_candidates: 3 } }
  decisions { name: "colour" one_of { num_candidates: 17 count: 40 } }
  decisions { name: "depth" integer { min: -2 max: 3 } }
  decisions { name: "rate" real { min: 0.001 max: 1 log: true } }
  decisions { name: "mask" boolean { count: 30 }
              only_if { decision: "depth" values: [0, 1] } }
)";

TEST(SamplingTest, SetsAreEquallyLikely) {
  const SearchSpace space =
      Space(R"(decisions { name: "e" many_of { k: 3 num_candidates: 6 } })");
  Rng rng(1);
  constexpr int kDraws = 20'000;

  std::map<Choices, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[Sample(space, &rng)];

  ASSERT_EQ(counts.size(), 20u);
  // 4.5 standard errors of a count.
  const double p = 1.0 / 20, error = std::sqrt(kDraws * p * (1 - p));
  for (const auto& [choices, count] : counts) {
    EXPECT_NEAR(count, kDraws * p, 4.5 * error) << space.Text(choices);
  }
}

TEST(SamplingTest, WhatIsDrawnOrChangedIsValid) {
  const SearchSpace space = Space(kOfEveryKind);
  Rng rng(2);

  Choices choices = Sample(space, &rng);
  for (int i = 0; i < 100'000; ++i) {
    if (i % 100 == 0) choices = Sample(space, &rng);
    const Choices before = choices;
    choices = Mutate(space, choices, &rng);
    ASSERT_TRUE(space.Validate(choices).ok()) << space.Validate(choices);
    ASSERT_NE(choices, before);
  }
}

TEST(SamplingTest, ChangesReachEveryArchitecture) {
  const SearchSpace space = Space(kNested);
  Rng rng(3);

  std::set<Choices> seen;
  Choices choices = Sample(space, &rng);
  for (int i = 0; i < 5'000; ++i) {
    seen.insert(choices);
    choices = Mutate(space, choices, &rng);
  }

  EXPECT_EQ(seen.size(), 30u);
}

TEST(SamplingTest, AChangeIsSmall) {
  const SearchSpace space = Space(kOfEveryKind);
  const int depth = *space.Find("depth"), edges = *space.Find("edges");
  Rng rng(4);

  for (int i = 0; i < 2'000; ++i) {
    const Choices before = Sample(space, &rng);
    const Choices after = Mutate(space, before, &rng);
    int changed = 0;
    for (int d = 0; d < space.num_decisions(); ++d) {
      changed += !before[d].empty() && before[d] != after[d];
    }
    ASSERT_LE(changed, after[depth] == before[depth] ? 1 : 2);
    ASSERT_LE(std::abs(after[depth][0] - before[depth][0]), 1);
    std::set<int32_t> both(before[edges].begin(), before[edges].end());
    both.insert(after[edges].begin(), after[edges].end());
    ASSERT_LE(both.size(), 65u);
  }
}

TEST(SamplingTest, WithNothingToChooseNothingChanges) {
  const SearchSpace space =
      Space(R"(decisions { name: "all" many_of { k: 3 num_candidates: 3 } })");
  Rng rng(5);

  EXPECT_EQ(Mutate(space, {{0, 1, 2}}, &rng), (Choices{{0, 1, 2}}));
  EXPECT_TRUE(Mutate(SearchSpace(), {}, &rng).empty());
}

TEST(SamplingTest, TheSameKeyDrawsTheSame) {
  const SearchSpace space = Space(kOfEveryKind);
  Rng one(6), other(6);

  EXPECT_EQ(Sample(space, &one), Sample(space, &other));
}

}  // namespace
}  // namespace starling
