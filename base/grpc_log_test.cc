#include "base/grpc_log.h"

#include <grpc/support/log.h>

#include <memory>
#include <vector>

#include "base/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::ElementsAre;

class Lines : public google::LogSink {
 public:
  Lines() {
    // As starting gRPC does.
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    google::AddLogSink(this);
  }
  ~Lines() override { google::RemoveLogSink(this); }
  void send(google::LogSeverity severity, const char*, const char*, int,
            const google::LogMessageTime&, const char* message,
            size_t length) override {
    if (severity == google::GLOG_WARNING) all.emplace_back(message, length);
  }

  std::vector<std::string> all;
};

TEST(GrpcLogTest, EachErrorIsAWarningOnceAMinute) {
  RouteGrpcLog();
  RouteGrpcLog();
  Lines lines;

  for (int i = 0; i < 100; ++i) gpr_log(GPR_ERROR, "no way to %s", "node7");
  gpr_log(GPR_ERROR, "another");
  gpr_log(GPR_INFO, "nothing");

  EXPECT_THAT(lines.all, ElementsAre("gRPC: no way to node7", "gRPC: another"));
}

TEST(GrpcLogTest, WitnessesSpeakOfHandshakesWhileTheyLive) {
  RouteGrpcLog();
  Lines lines;
  auto witness =
      std::make_unique<HandshakeWitness>([] { return " Was it I?"; });
  gpr_log(GPR_ERROR, "Handshake failed: a.");
  gpr_log(GPR_ERROR, "Other trouble.");
  witness.reset();
  gpr_log(GPR_ERROR, "Handshake failed: b.");

  EXPECT_THAT(lines.all, ElementsAre("gRPC: Handshake failed: a. Was it I?",
                                     "gRPC: Other trouble.",
                                     "gRPC: Handshake failed: b."));
}

TEST(GrpcLogTest, MessagesThatAreAllDifferentAreFew) {
  RouteGrpcLog();
  Lines lines;

  for (int i = 0; i < 1000; ++i) gpr_log(GPR_ERROR, "message %d", i);

  EXPECT_GT(lines.all.size(), 10u);
  EXPECT_LE(lines.all.size(), 65u);
}

}  // namespace
}  // namespace starling
