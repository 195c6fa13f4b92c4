#include "base/grpc_status.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(GrpcStatusTest, EveryCodeAndMessageSurvivesTheRoundTrip) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code),
                              code == 0 ? "" : "what, where, how");

    EXPECT_EQ(FromGrpc(ToGrpc(status)), status) << code;
  }
}

}  // namespace
}  // namespace starling
