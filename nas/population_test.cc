#include "nas/population.h"

#include <deque>
#include <string>

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

TEST(PopulationTest, ScoresAreStandardisedAmongWhatDidNotFail) {
  Trial a{{{0}}, Objectives{1, 5, 10}}, b{{{1}}, Objectives{3, 6, 30}};
  const Trial failed{{{1}}, std::nullopt};
  const auto tried = Standardize(std::vector<Trial>{a, failed, b});
  ASSERT_EQ(tried.size(), 2u);
  EXPECT_DOUBLE_EQ(tried[0].score, -1);
  EXPECT_DOUBLE_EQ(tried[1].mean_return, 1);
  EXPECT_EQ(tried[1].cost, 6);
}

TEST(PopulationTest, TheMajorityDecidesInOrder) {
  const SearchSpace space = TestSpace(R"(
    decisions { name: "edges" many_of { k: 2 num_candidates: 4 } }
    decisions { name: "deep" boolean {} }
    decisions { name: "act" one_of { num_candidates: 3 count: 2 }
                only_if { decision: "deep" values: 1 } }
  )");
  const std::deque<Individual> members = {
      {{{0, 1}, {1}, {2, 0}}}, {{{1, 3}, {0}, {}}}, {{{1, 3}, {1}, {2, 1}}}};
  EXPECT_EQ(Majority(space, members), (Choices{{1, 3}, {1}, {2, 0}}));
  const auto frequencies = Frequencies(space, members);
  EXPECT_DOUBLE_EQ(frequencies[0][1], 1);
  EXPECT_DOUBLE_EQ(frequencies[0][3], 2.0 / 3);
  EXPECT_DOUBLE_EQ(frequencies[2][3 + 1], 0.5);
}

TEST(PopulationTest, WhatIsSavedIsRestoredAndDamageIsRefused) {
  const SearchSpace space = TestSpace(
      R"(decisions { name: "edges" many_of { k: 2 num_candidates: 4 } })");
  const std::deque<Individual> members = {{{{0, 1}}, 1.5, 2.5, 3.5},
                                          {{{2, 3}}, -1, 0, 7}};
  const std::string saved = SavePopulation(space, members);
  std::deque<Individual> restored;
  ASSERT_TRUE(RestorePopulation(space, saved, 2, &restored).ok());
  EXPECT_EQ(SavePopulation(space, restored), saved);

  const SearchSpace other = TestSpace(
      R"(decisions { name: "edges" many_of { k: 2 num_candidates: 5 } })");
  EXPECT_EQ(RestorePopulation(other, saved, 2, &restored).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(RestorePopulation(space, saved, 1, &restored).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(RestorePopulation(space, "damaged", 2, &restored).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(restored.size(), 2u);
}

}  // namespace
}  // namespace starling
