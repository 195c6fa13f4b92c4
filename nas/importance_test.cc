#include "nas/importance.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(ImportanceTest, TheMostImportantAreKeptTheLowerAmongEquals) {
  v1::SearchSpace message;
  v1::Decision* decision = message.add_decisions();
  decision->set_name("edges");
  decision->mutable_many_of()->set_k(3);
  decision->mutable_many_of()->set_num_candidates(5);
  const SearchSpace space = *SearchSpace::Create(message);
  EXPECT_EQ(MostImportant(space, {{1, 4, 2, 2, 9}}), (Choices{{1, 2, 4}}));
}

TEST(ImportanceTest, LogitsAreStandardisedLogarithms) {
  const auto logits = PriorLogits({{1, 10, 100}, {3, 3}, {0, 0}}, 2);
  ASSERT_EQ(logits.size(), 3u);
  EXPECT_NEAR(logits[0][1], 0, 1e-12);
  EXPECT_NEAR(logits[0][2], -logits[0][0], 1e-12);
  EXPECT_GT(logits[0][2], 2);
  EXPECT_EQ(logits[1], (std::vector<double>{0, 0}));
  EXPECT_EQ(logits[2], (std::vector<double>{0, 0}));
  // Nothing is a millionth of the largest.
  EXPECT_EQ(PriorLogits({{0, 1}}, 1), PriorLogits({{1e-6, 1}}, 1));
}

}  // namespace
}  // namespace starling
