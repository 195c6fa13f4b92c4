// Operators steer a live run with the real program: what they do is done, what
// they ask is answered, and nothing of it changes a bit of the outcome.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/integration/cluster_fixture.h"
#include "tests/testing/socket.h"

namespace starling {
namespace {

using testing::Exchange;
using ::testing::HasSubstr;
using testing::HttpBody;
using testing::HttpGet;
using ::testing::Not;
using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::Socket;
using ::testing::StartsWith;
using testing::WaitUntil;

constexpr char kExperiment[] = R"(
name: "steered" seed: 3
env { half_cheetah {} max_steps: 150 }
policy { mlp { hidden: 8 } }
strategy { openai_es { num_directions: 6 sigma: 0.05 } }
rollout { episodes: 2 }
evaluation { every: 5 episodes: 2 fresh_episodes: 1 }
budget { generations: 30 }
)";

class ControlTest : public ClusterFixture {
 protected:
  ControlTest() : ClusterFixture(kExperiment) {}

  void ExpectRefused(const std::vector<std::string>& words, int status,
                     const std::vector<std::string>& parts) {
    const ProcessResult result = Tell(words);
    EXPECT_EQ(result.status, status) << words[0] << ": " << result.err;
    EXPECT_EQ(result.out, "") << words[0];
    for (const std::string& part : parts) {
      EXPECT_THAT(result.err, HasSubstr(part)) << words[0];
    }
  }
  // The first digits of the id of the first worker of this name.
  std::string IdOf(const std::string& name) {
    const std::string json = Status();
    std::smatch match;
    const std::regex worker("\\{\"id\":\"([0-9a-f]+)\",\"name\":\"" + name +
                            "\"");
    EXPECT_TRUE(std::regex_search(json, match, worker)) << json;
    return match[1];
  }
};

TEST_F(ControlTest, PausedSavedAndDrainedRunsEndWithTheSameBits) {
  auto aggregator = StartAggregator();
  EXPECT_THAT(Status(), HasSubstr("no worker is connected"));
  EXPECT_THAT(Ok({"pause", run_}), HasSubstr("is paused"));
  auto first = StartWorker("first");
  ASSERT_TRUE(AwaitStatus("\"name\":\"first\""));
  EXPECT_EQ(Number(Status(), "generation"), 0) << "it is paused";
  EXPECT_THAT(Status(), HasSubstr("\"state\":\"paused\""));
  EXPECT_THAT(Ok({"resume", run_}), HasSubstr("goes on"));
  ASSERT_TRUE(AwaitGeneration(2)) << aggregator->err();

  // Nothing moves while it is paused, once what is under way is done.
  Ok({"pause", run_});
  ASSERT_TRUE(AwaitStatus("\"units_outstanding\":0"));
  const double generation = Number(Status(), "generation");
  const double done = Number(Status(), "units_done");
  EXPECT_THAT(
      Ok({"checkpoint", run_}),
      HasSubstr("generation " + std::to_string(static_cast<int>(generation))));
  EXPECT_EQ(Number(Status(), "checkpoint_generation"), generation);
  EXPECT_THAT(Ok({"drain", run_, "first"}), HasSubstr("worker first ("));
  EXPECT_EQ(first->Wait().status, 75) << first->err();
  EXPECT_THAT(first->err(), HasSubstr("sent away"));
  auto second = StartWorker("second");
  ASSERT_TRUE(AwaitStatus("\"name\":\"second\""));
  EXPECT_EQ(Number(Status(), "generation"), generation);
  EXPECT_EQ(Number(Status(), "units_done"), done);

  // A start of the aggregator forgets the pause.
  aggregator->Signal(SIGKILL);
  aggregator->Wait();
  aggregator = StartAggregator();
  const ProcessResult result = aggregator->Wait(std::chrono::seconds(300));

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(second->Wait().status, 0) << second->err();
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(ControlTest, StopSavesWaitsAndTheSameCommandGoesOn) {
  auto aggregator = StartAggregator();
  auto worker = StartWorker("a");
  ASSERT_TRUE(AwaitGeneration(2)) << aggregator->err();

  const std::string answer = Ok({"stop", run_});

  EXPECT_THAT(answer, HasSubstr("has stopped at generation "));
  EXPECT_EQ(aggregator->Wait().status, 75) << aggregator->err();
  EXPECT_EQ(worker->Wait().status, 75) << worker->err();
  EXPECT_THAT(Status(), HasSubstr("\"state\":\"stopped\",\"live\":false"));
  aggregator = StartAggregator();
  worker = StartWorker("b");
  ASSERT_TRUE(AwaitStatus("\"name\":\"b\""));
  EXPECT_THAT(Ok({"stop", run_, "--no_wait", "--grace", "5"}),
              HasSubstr("is stopping"));
  EXPECT_EQ(aggregator->Wait().status, 75) << aggregator->err();

  ASSERT_EQ(Train(experiment_, run_, {"--workers", "1"}).status, 0);
  EXPECT_THAT(Status(), HasSubstr("\"state\":\"finished\""));
  EXPECT_THAT(Ok({"status", run_}), HasSubstr("finished"));
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(ControlTest, WorkersOfOneNameAreToldApartByTheirIds) {
  auto aggregator = StartAggregator();
  Ok({"pause", run_});
  auto one = StartWorker("twin"), two = StartWorker("twin");
  ASSERT_TRUE(AwaitStatus("\"workers_active\":2"));

  ExpectRefused({"drain", run_, "twin"}, 2,
                {"'twin' may mean 2 workers", IdOf("twin"), "by its id"});
  ExpectRefused({"drain", run_, "nobody"}, 2,
                {"no worker 'nobody'", "twin (" + IdOf("twin")});
  Ok({"drain", run_, IdOf("twin")});
  ASSERT_TRUE(WaitUntil([&] { return !one->running() || !two->running(); }));
  Ok({"resume", run_});
  ASSERT_TRUE(AwaitGeneration(1));
  EXPECT_THAT(Ok({"status", run_}), HasSubstr("  twin  "));
  Ok({"stop", run_, "--grace", "0"});
  ExpectRefused({"worker", "--connect", "unix:/x", "--name", "a b"}, 2,
                {"--name", "'a b'"});
  ExpectRefused({"worker", "--connect", "unix:/x", "--slots", "0"}, 2,
                {"--slots", "'0'"});
}

TEST_F(ControlTest, RunsThatNobodyComputesAnswerWithOneMessage) {
  const std::vector<std::vector<std::string>> commands = {{"pause", run_},
                                                          {"resume", run_},
                                                          {"stop", run_},
                                                          {"checkpoint", run_},
                                                          {"drain", run_, "a"}};
  for (const auto& command : commands) {
    ExpectRefused(command, 2, {run_});
  }
  ExpectRefused({"status", run_}, 2, {run_});

  auto aggregator = StartAggregator();
  aggregator->Signal(SIGSTOP);
  ExpectRefused({"status", run_, "--timeout", "0.3"}, 3,
                {"no answer from the aggregator at unix:", "for 0.3 s"});
  aggregator->Signal(SIGKILL);
  aggregator->Wait();
  for (const auto& command : commands) {
    ExpectRefused(command, 3,
                  {"no aggregator answers there", run_, "goes on with it"});
  }
  ExpectRefused({"status", run_}, 3, {"no aggregator answers there"});

  ASSERT_EQ(Train(experiment_, run_,
                  {"--workers", "1", "--set", "budget.generations=1",
                   "--allow_config_change", "budget.generations"})
                .status,
            0);
  for (const auto& command : commands) {
    ExpectRefused(command, 3, {"nobody computes " + run_ + " now"});
  }
  EXPECT_THAT(Status(), HasSubstr("\"state\":\"finished\""));
}

TEST_F(ControlTest, TheAddressOfAnotherRunIsNotTakenForThisOne) {
  ASSERT_EQ(Train(experiment_, run_,
                  {"--workers", "1", "--set", "budget.generations=1"})
                .status,
            0);
  const std::string old = run_;
  run_ = Path("other");
  auto aggregator = StartAggregator();
  std::filesystem::copy_file(run_ + "/endpoint", old + "/endpoint");

  ExpectRefused({"pause", old}, 3, {"another one than " + old});

  EXPECT_THAT(Status(), HasSubstr("\"state\":\"training\""));
}

TEST_F(ControlTest, SignalsInARowStopOnceAndSave) {
  auto aggregator = StartAggregator();
  auto worker = StartWorker("a");
  ASSERT_TRUE(AwaitGeneration(1)) << aggregator->err();
  for (int i = 0; i < 3; ++i) worker->Signal(SIGTERM);
  EXPECT_EQ(worker->Wait(std::chrono::seconds(20)).status, 75) << worker->err();
  EXPECT_TRUE(AwaitStatus("\"workers\":[]")) << "it has left by itself";
  EXPECT_EQ(Number(Status(), "workers_lost"), 0);
  worker = StartWorker("b");
  ASSERT_TRUE(AwaitStatus("\"name\":\"b\""));
  for (int i = 0; i < 3; ++i) aggregator->Signal(SIGTERM);
  EXPECT_EQ(aggregator->Wait(std::chrono::seconds(20)).status, 75)
      << aggregator->err();
  EXPECT_EQ(worker->Wait().status, 75) << worker->err();

  aggregator = StartAggregator();
  aggregator->Signal(SIGUSR1);
  EXPECT_EQ(aggregator->Wait(std::chrono::seconds(20)).status, 75);
  ASSERT_EQ(Train(experiment_, run_, {"--workers", "2"}).status, 0);
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(ControlTest, ASecondInterruptWaitsForNobody) {
  const std::string http = "unix:" + Path("http.sock");
  auto aggregator = StartAggregator({"--grace", "600", "--http", http});
  auto worker = StartWorker("a");
  ASSERT_TRUE(AwaitGeneration(1)) << aggregator->err();
  // Its units stay under way: nobody finishes them.
  worker->Signal(SIGSTOP);
  aggregator->Signal(SIGINT);
  ASSERT_TRUE(AwaitStatus("\"state\":\"stopping\""));
  EXPECT_TRUE(aggregator->running());
  EXPECT_THAT(HttpGet(http, "/readyz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(HttpGet(http, "/healthz"), StartsWith("HTTP/1.1 200 "));

  aggregator->Signal(SIGINT);

  EXPECT_EQ(aggregator->Wait(std::chrono::seconds(20)).status, 75)
      << aggregator->err();
  worker->Signal(SIGKILL);
}

TEST_F(ControlTest, AWorkerThatWaitsForItsRunStopsAtOnce) {
  auto worker = StartWorker("early");
  // Its signals are taken from here on.
  ASSERT_TRUE(WaitUntil([&] {
    std::ifstream status("/proc/" + std::to_string(worker->pid()) + "/status");
    std::stringstream text;
    text << status.rdbuf();
    // SIGINT, SIGUSR1 and SIGTERM.
    return text.str().find("SigBlk:\t0000000000004202") != std::string::npos;
  }));

  worker->Signal(SIGTERM);

  const ProcessResult result = worker->Wait(std::chrono::seconds(20));
  EXPECT_EQ(result.status, 75) << result.err;
  EXPECT_THAT(result.err, HasSubstr("stopped while it waited for"));
}

TEST_F(ControlTest, MonitoringSeesTheRunAndDisturbsNothing) {
  const std::string address = "unix:" + Path("http.sock");
  auto aggregator = StartAggregator({"--http", address});
  ASSERT_TRUE(WaitUntil([&] {
    return HttpBody(HttpGet(address, "/readyz")) == "ready\n";
  })) << aggregator->err();
  std::vector<Socket> idle;
  for (int i = 0; i < 500; ++i) {
    idle.emplace_back(address);
    if (i % 3 == 0 && idle.back().is_open()) idle.back().Send("GET /");
  }
  auto worker = StartWorker("a");
  ASSERT_TRUE(AwaitGeneration(2)) << aggregator->err();
  for (const std::string& bad :
       {std::string(200'000, 'x'), std::string("POST / HTTP/1.1\r\n\r\n"),
        std::string("GET /metrics HTTP/1.1\r\nRange: bytes=0-,0-,0-\r\n\r\n"),
        std::string("\0\xff\r\n\r\n", 6)}) {
    Exchange(address, bad);
  }

  const std::string page = HttpBody(HttpGet(address, "/metrics"));

  static const std::regex line(
      "# (HELP|TYPE) \\w+ .+|\\w+(\\{[^}]*\\})? [-+0-9.e]+|"
      "\\w+\\{[^}]*\\} [+-]?(Inf|Nan)");
  std::istringstream lines(page);
  int num_lines = 0;
  for (std::string text; std::getline(lines, text); ++num_lines) {
    EXPECT_TRUE(std::regex_match(text, line)) << text;
  }
  EXPECT_GT(num_lines, 200);
  EXPECT_THAT(page, HasSubstr("\nstarling_workers{state=\"active\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("\nstarling_worker_registrations_total 1\n"));
  EXPECT_THAT(page, Not(HasSubstr(IdOf("a"))));
  const ProcessResult result = aggregator->Wait(std::chrono::seconds(300));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_FALSE(std::filesystem::exists(Path("http.sock")));
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(ControlTest, StructuredLogsAreOneObjectALine) {
  std::ofstream(Path("typo.textproto")) << "name: 7";
  const ProcessResult refused =
      Tell({"train", Path("typo.textproto"), "--log_format", "json"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, StartsWith("{\"time\":\""));
  EXPECT_THAT(refused.err, HasSubstr("\"level\":\"error\""));

  auto aggregator = StartAggregator({"--log_format", "json", "--verbose"});
  Process worker({Starling(), "worker", "--endpoint_file", run_ + "/endpoint",
                  "--log_format", "json", "--verbose"});
  ASSERT_TRUE(AwaitGeneration(2)) << aggregator->err();
  Ok({"stop", run_});
  const ProcessResult ended = aggregator->Wait();
  EXPECT_EQ(ended.status, 75);
  const ProcessResult gone = worker.Wait();

  static const std::regex object(
      "\\{\"time\":\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\","
      "\"level\":\"(info|warning|error)\",\"message\":\".*\"\\}");
  for (const std::string& err : {ended.err, gone.err}) {
    std::istringstream lines(err);
    for (std::string text; std::getline(lines, text);) {
      EXPECT_TRUE(std::regex_match(text, object)) << text;
    }
  }
  // Which generations have a line of progress depends on how long they took.
  static const std::regex progress("\"message\":\"generation \\d+/30 ");
  EXPECT_TRUE(std::regex_search(ended.err, progress)) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("\"run\":\"steered\""));
  static const std::regex generation("\"generation\":\"\\d+\"");
  EXPECT_TRUE(std::regex_search(ended.err, generation)) << ended.err;
  EXPECT_THAT(gone.err, HasSubstr("\"source\":\"worker.cc:"));
  static const std::regex session("\"session\":\"[0-9a-f]{8}\"");
  EXPECT_TRUE(std::regex_search(gone.err, session)) << gone.err;
}

}  // namespace
}  // namespace starling
