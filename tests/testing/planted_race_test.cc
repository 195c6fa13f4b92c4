// What is left of the thread sanitizer's reports (tsan_filter.py) still holds
// races where gRPC's threads call our code. Only for `--config=tsan`.
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/control.grpc.pb.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What the filter makes the exit status of a process with races.
constexpr int kRaces = 66;
constexpr int kCalls = 200;
constexpr int kClients = 4;

// Counts calls; with a lock, or as a careless author would.
class Counter : public v1::Control::CallbackService {
 public:
  explicit Counter(bool careful) : careful_(careful) {}
  int calls() const { return calls_; }

  grpc::ServerUnaryReactor* Pause(grpc::CallbackServerContext* context,
                                  const v1::PauseRequest*,
                                  v1::PauseReply*) override {
    CountOneCall();
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  void CountOneCall() {
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    if (careful_) lock.lock();
    ++calls_;
  }

  const bool careful_;
  std::mutex mutex_;
  int calls_ = 0;
};

void Serve(bool careful) {
  Counter counter(careful);
  const std::string address = "unix:" + testing::NewFolder() + "/s";
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&counter);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  CHECK(server != nullptr);
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      const auto stub = v1::Control::NewStub(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
      for (int call = 0; call < kCalls; ++call) {
        grpc::ClientContext context;
        context.set_wait_for_ready(true);
        v1::PauseReply reply;
        CHECK(stub->Pause(&context, {}, &reply).ok());
      }
    });
  }
  for (std::thread& client : clients) client.join();
  server->Shutdown();
}

testing::ProcessResult ServeElsewhere(const std::string& how) {
  return testing::RunProcess(
      {testing::DataPath("tests/testing/tsan_filter"),
       std::filesystem::canonical("/proc/self/exe").string(), how});
}

TEST(PlantedRaceTest, IsReported) {
  const testing::ProcessResult result = ServeElsewhere("careless");

  EXPECT_EQ(result.status, kRaces);
  EXPECT_THAT(result.err, HasSubstr("WARNING: ThreadSanitizer: data race"));
  EXPECT_THAT(result.err, HasSubstr("CountOneCall"));
}

TEST(PlantedRaceTest, NothingElseIs) {
  const testing::ProcessResult result = ServeElsewhere("careful");

  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, Not(HasSubstr("ThreadSanitizer")));
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  if (argc == 1) return RUN_ALL_TESTS();
  starling::Serve(std::string(argv[1]) == "careful");
  return 0;
}
