#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

TEST(HillClimbingTest, ProposesItsBestFirstAndMovesWhenItIsBeaten) {
  const SearchSpace space =
      TestSpace(R"(decisions { name: "x" integer { min: 0 max: 1000 } })");
  const auto controller = *MakeController("hill_climbing {}", space);
  const int start = controller->Best()[0][0];

  const std::vector<Choices> proposals = controller->Propose(0, 4);
  EXPECT_EQ(proposals[0], controller->Best());
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(std::abs(proposals[i][0][0] - start), 1);
  }
  // Alike: it stays.
  std::vector<Trial> trials;
  for (const Choices& choices : proposals)
    trials.push_back({choices, Objectives{}});
  controller->Learn(trials);
  EXPECT_EQ(controller->Best()[0][0], start);

  Search(
      *controller, 100, 8,
      [](const Choices& choices) { return -std::abs(choices[0][0] - 500); }, 1);
  EXPECT_EQ(std::abs(controller->Best()[0][0] - 500),
            std::max(0, std::abs(start - 500) - 100));
}

}  // namespace
}  // namespace starling
