#include "workers/probable_causes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kRefused[] =
    "failed to connect to all addresses; last error: UNKNOWN: "
    "ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused";
constexpr char kClosed[] =
    "failed to connect to all addresses; last error: UNAVAILABLE: "
    "ipv4:127.0.0.1:1: Socket closed";

TEST(ProbableCausesTest, PlainWorkersAreToldOfTlsOnlyWhereItFits) {
  EXPECT_THAT(ProbableCauses(kClosed, {"node7:1", "", ""}),
              HasSubstr("start this worker with --tls"));
  for (const char* reason : {kRefused, ""}) {
    const std::string causes = ProbableCauses(reason, {"node7:1", "", ""});
    EXPECT_THAT(causes, HasSubstr("is it running, is the address right"));
    EXPECT_THAT(causes, Not(HasSubstr("TLS")));
  }
  EXPECT_THAT(ProbableCauses(kClosed, {"unix:/tmp/a", "", ""}),
              Not(HasSubstr("TLS")));
}

TEST(ProbableCausesTest, AnEndpointFileMayBeOld) {
  EXPECT_THAT(ProbableCauses(kRefused, {"node7:1", "", "runs/a/endpoint"}),
              HasSubstr("runs/a/endpoint may be left from a run that has"));
}

TEST(ProbableCausesTest, OwnFilesAreLookedAtAgain) {
  EXPECT_THAT(ProbableCauses(kClosed, {"node7:1", "/no/such/folder", ""}),
              HasSubstr("/no/such/folder/ca.crt is not there"));
}

}  // namespace
}  // namespace starling
