#include "base/status.h"

#include <memory>

#include "gtest/gtest.h"

namespace starling {
namespace {

absl::StatusOr<std::unique_ptr<int>> Positive(int x) {
  if (x <= 0) return absl::InvalidArgumentError("not positive");
  return std::make_unique<int>(x);
}

absl::StatusOr<int> SumOf(int a, int b) {
  ASSIGN_OR_RETURN(std::unique_ptr<int> first, Positive(a));
  std::unique_ptr<int> second;
  ASSIGN_OR_RETURN(second, Positive(b));
  return *first + *second;
}

absl::Status Both(const absl::Status& first, bool* reached) {
  RETURN_IF_ERROR(first);
  *reached = true;
  return absl::OkStatus();
}

TEST(StatusTest, AssignOrReturnAssignsOrReturns) {
  EXPECT_EQ(*SumOf(1, 2), 3);
  EXPECT_EQ(SumOf(1, -2).status().message(), "not positive");
}

TEST(StatusTest, ReturnIfErrorGoesOnOnlyIfOk) {
  bool reached = false;
  EXPECT_FALSE(Both(absl::DataLossError("x"), &reached).ok());
  EXPECT_FALSE(reached);
  EXPECT_TRUE(Both(absl::OkStatus(), &reached).ok());
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace starling
