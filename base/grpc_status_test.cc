#include "base/grpc_status.h"

#include "base/refusal.h"
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

TEST(GrpcStatusTest, RefusedTokensStayApartFromLostSessions) {
  const absl::StatusCode code = absl::StatusCode::kUnauthenticated;

  EXPECT_TRUE(IsTokenRefused(FromGrpc(ToGrpc(TokenRefused(code, "wrong")))));
  EXPECT_FALSE(IsTokenRefused(FromGrpc(ToGrpc(absl::Status(code, "who?")))));
  EXPECT_FALSE(IsTokenRefused(absl::OkStatus()));
}

}  // namespace
}  // namespace starling
