#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

TEST(RandomControllerTest, RemembersTheBestOfItsGenerations) {
  const SearchSpace space =
      TestSpace(R"(decisions { name: "x" integer { min: 0 max: 1000 } })");
  const auto controller = *MakeController("random {}", space);
  int largest = 0;
  Search(*controller, 1, 50, [&](const Choices& choices) {
    largest = std::max(largest, choices[0][0]);
    return choices[0][0];
  });
  EXPECT_EQ(controller->Best()[0][0], largest);
}

}  // namespace
}  // namespace starling
