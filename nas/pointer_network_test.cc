#include <algorithm>

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

// The second choice must match the first: no independent distribution is good
// at this.
TEST(PointerNetworkTest, LearnsWhatHangsOnAnEarlierChoice) {
  const SearchSpace space = TestSpace(
      R"(decisions { name: "a" one_of { num_candidates: 4 } }
         decisions { name: "b" one_of { num_candidates: 4 } })");
  const auto controller = *MakeController(
      "pointer_network { hidden: 16 step_size: 0.01 entropy: 0.3 }", space);
  const auto score = [](const Choices& choices) {
    return choices[0][0] == choices[1][0] ? 1.0 : 0.0;
  };

  Search(*controller, 150, 40, score);

  int matches = 0;
  std::vector<int> first(4);
  for (const Choices& choices : controller->Propose(1000, 400)) {
    matches += choices[0] == choices[1];
    ++first[choices[0][0]];
  }
  EXPECT_GT(matches, 300) << "at first one in four";
}

TEST(PointerNetworkTest, FindsTheSetThatMatters) {
  const SearchSpace space = TestSpace(
      R"(decisions { name: "edges" many_of { k: 4 num_candidates: 16 } })");
  const auto controller =
      *MakeController("pointer_network { hidden: 16 step_size: 0.01 }", space);
  const auto score = [](const Choices& choices) {
    return static_cast<double>(
        std::count_if(choices[0].begin(), choices[0].end(),
                      [](int32_t edge) { return edge % 4 == 0; }));
  };
  Search(*controller, 150, 40, score);
  EXPECT_EQ(score(controller->Best()), 4);
}

}  // namespace
}  // namespace starling
