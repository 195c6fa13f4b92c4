#include <set>

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

constexpr char kLine[] =
    R"(decisions { name: "x" integer { min: 0 max: 1000 } })";

TEST(RegularizedEvolutionTest, TheOldestLeaveWhateverTheirScore) {
  const SearchSpace space = TestSpace(kLine);
  const auto controller =
      *MakeController("regularized_evolution { population: 4 }", space);
  std::vector<Trial> trials;
  for (const Choices& choices : controller->Propose(0, 4)) {
    trials.push_back({choices, Objectives{1e6, 0, 1e6}});
  }
  controller->Learn(trials);
  std::set<int> first;
  for (const Trial& trial : trials) first.insert(trial.choices[0][0]);

  // Much worse than those before, but newer.
  trials.clear();
  for (const Choices& choices : controller->Propose(1, 4)) {
    EXPECT_TRUE(first.count(choices[0][0] - 1) + first.count(choices[0][0] + 1))
        << choices[0][0] << " is a neighbour of none";
    trials.push_back({choices, Objectives{0, 0, 0}});
  }
  controller->Learn(trials);

  const auto probabilities = controller->Probabilities();
  for (int x = 0; x <= 1000; ++x) {
    int newest = 0;
    for (const Trial& trial : trials) newest += trial.choices[0][0] == x;
    EXPECT_DOUBLE_EQ(probabilities[0][x], newest / 4.0);
  }
}

TEST(RegularizedEvolutionTest, RefusesATournamentLargerThanThePopulation) {
  const auto controller =
      MakeController("regularized_evolution { population: 10 tournament: 11 }",
                     TestSpace(kLine));
  EXPECT_EQ(controller.status().message(),
            "controller.regularized_evolution.tournament is 11, more than the "
            "population of 10");
}

}  // namespace
}  // namespace starling
