#include <algorithm>
#include <set>

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

// Return grows with x, and so does cost: every x is on the front. y only costs.
TEST(Nsga2Test, SpreadsOverTheFrontAndDropsWhatIsDominated) {
  const SearchSpace space = TestSpace(R"(
    decisions { name: "x" integer { min: 0 max: 40 } }
    decisions { name: "y" integer { min: 0 max: 40 } })");
  const auto controller = *MakeController("nsga2 { population: 20 }", space);

  // Within one generation returns are comparable; so give each the same mean.
  for (int g = 0; g < 150; ++g) {
    std::vector<Trial> trials;
    for (Choices& choices : controller->Propose(g, 20)) {
      Objectives objectives;
      objectives.mean_return = choices[0][0];
      objectives.cost = choices[0][0] + 10.0 * choices[1][0];
      trials.push_back({std::move(choices), objectives});
    }
    controller->Learn(trials);
  }

  const auto probabilities = controller->Probabilities();
  EXPECT_GT(probabilities[1][0], 0.7) << "y > 0 is dominated; at first 1 in 41";
  EXPECT_GT(std::count_if(probabilities[0].begin(), probabilities[0].end(),
                          [](double p) { return p > 0; }),
            8)
      << "x should be spread out";
}

}  // namespace
}  // namespace starling
