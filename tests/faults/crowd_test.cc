// Rows of the fault matrix: slow workers, many workers, wrong clocks, no more
// descriptors.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using testing::IsFullForm;
using testing::Process;
using testing::ProcessResult;
using testing::Row;
using testing::Stopwatch;
using testing::WaitUntil;

// Units of 20 physics steps, which a preload stretches.
constexpr char kExperiment[] = R"(
name: "crowd" seed: 3
env { inverted_pendulum {} max_steps: 10 }
policy { linear {} }
strategy { openai_es { num_directions: 200 sigma: 0.05 } }
normalizer { enabled: false }
evaluation { every: 0 episodes: 1 fresh_episodes: 0 }
budget { generations: 6 }
audit_fraction: 0
)";

class CrowdTest : public ClusterFixture {
 protected:
  CrowdTest() : ClusterFixture(kExperiment) {}

  // Seconds that the generations from the second on take on twenty workers of
  // which `slow` are ten times slower; also how many copies were leased.
  double Measure(int slow, double* extra) {
    run_ = Path(absl::StrCat("slow", slow));
    auto aggregator = StartAggregator();
    Ok({"pause", run_});
    std::vector<std::unique_ptr<Process>> workers;
    for (int i = 0; i < 20; ++i) {
      const int ms = (IsFullForm() ? 10 : 4) * (i < slow ? 10 : 1);
      workers.push_back(StartWorker(
          absl::StrCat("w", i), {},
          FaultyPhysics("slow", {absl::StrCat("STARLING_FAULT_MS=", ms)})));
    }
    EXPECT_TRUE(AwaitStatus("\"workers_active\":20"));
    Ok({"resume", run_});
    EXPECT_TRUE(AwaitGeneration(1));
    const Stopwatch since;
    std::string last;
    EXPECT_TRUE(WaitUntil([&] {
      last = Status();
      return Number(last, "generation") >= 5;
    }));
    const double seconds = since.seconds();
    const double accepted = Number(last, "results_accepted");
    *extra = Number(last, "copies") / accepted;
    EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
    return seconds;
  }
};

TEST_F(CrowdTest, Row08_OneWorkerInTwentyIsTenTimesSlower) {
  Row row(8, "1 worker in 20 ten times slower",
          "generation <= 1.25 x healthy; <= 15 % extra units; same theta");
  double extra_healthy = 0, extra = 0;
  const double healthy = Measure(0, &extra_healthy);
  const double slowed = Measure(1, &extra);
  // Times are the row's report; a busy machine must not fail the test.
  row.Saw(absl::StrFormat("%.2f x healthy, %.1f %% extra units",
                          slowed / healthy, 100 * extra));
  EXPECT_LE(extra, .15);
  EXPECT_EQ(Signature(Path("slow0")), Signature(Path("slow1")));
  if (!HasFailure()) row.Saw("same theta");
}

TEST_F(CrowdTest, Row22_TheTimeOfDayJumps) {
  Row row(22, "system clock jumps an hour forward and back",
          "nothing expires, nobody is lost; same theta");
  const std::string offset = Path("offset");
  const Words clock = {
      "LD_PRELOAD=" + testing::DataPath("tests/faults/libfaulty_clock.so"),
      "STARLING_CLOCK_OFFSET=" + offset,
      "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
  Words words = {"/usr/bin/env"};
  words.insert(words.end(), clock.begin(), clock.end());
  for (const std::string& word :
       {Starling(), std::string("aggregator"), experiment_,
        std::string("--run"), run_, std::string("--listen"),
        "unix:" + Path("a.sock"), std::string("--set"),
        std::string("budget.generations=1000000"), std::string("--log_format"),
        std::string("json")}) {
    words.push_back(word);
  }
  Process aggregator(words);
  ASSERT_TRUE(WaitUntil(
      [&] { return std::filesystem::exists(run_ + "/endpoint"); }));
  // One has the aggregator's clock, the other a clock that is right.
  auto wrong = StartWorker("wrong", {}, clock);
  auto right = StartWorker("right");
  ASSERT_TRUE(AwaitStatus("\"workers_active\":2"));
  for (const char* seconds : {"3600", "-3600", "0"}) {
    std::ofstream(offset + ".new") << seconds;
    std::filesystem::rename(offset + ".new", offset);
    const int generation = static_cast<int>(StatusNumber("generation"));
    ASSERT_TRUE(AwaitGeneration(generation + 3)) << aggregator.err();
  }
  const std::string status = Status();
  EXPECT_EQ(Number(status, "workers_lost"), 0);
  EXPECT_EQ(Number(status, "workers_active"), 2);
  EXPECT_EQ(Number(status, "lease_expirations"), 0);
  row.Saw("0 workers lost, 0 leases expired");
  Ok({"stop", run_});
  aggregator.Wait();

  const int generations = static_cast<int>(StatusNumber("generation"));
  const Words to_here = {
      "--set", absl::StrCat("budget.generations=", generations),
      "--allow_config_change", "budget"};
  ASSERT_EQ(Train(experiment_, run_, to_here).status, 0);
  ASSERT_EQ(Train(experiment_, Path("calm"), to_here).status, 0);
  EXPECT_EQ(Signature(run_), Signature(Path("calm")));
  if (!HasFailure()) row.Saw("same theta");
}

TEST_F(CrowdTest, Row27_SixtyFourWorkersRegisterAtOnce) {
  const int storms = IsFullForm() ? 20 : 1;
  Row row(27, absl::StrCat("64 workers register at once, ", storms, " times"),
          "all served; none in quarantine");
  // The aggregator dies, and all come back at once.
  auto aggregator =
      StartAggregator({"--set", "budget.generations=1000000"});
  Ok({"pause", run_});
  // Their evaluators stay in their processes: 64 and not 128.
  std::vector<std::unique_ptr<Process>> workers;
  for (int i = 0; i < 64; ++i) {
    workers.push_back(StartWorker(absl::StrCat("w", i), {"--isolate", "off"}));
  }
  ASSERT_TRUE(AwaitStatus("\"workers_active\":64"));
  double slowest = 0;
  for (int storm = 0; storm < storms; ++storm) {
    aggregator->Signal(SIGKILL);
    aggregator->Wait();
    aggregator = StartAggregator({"--set", "budget.generations=1000000"});
    Ok({"pause", run_});
    const Stopwatch since;
    ASSERT_TRUE(AwaitStatus("\"workers_active\":64"));
    slowest = std::max(slowest, since.seconds());
    EXPECT_EQ(StatusNumber("workers_quarantined"), 0);
  }
  row.Saw(absl::StrFormat("all 64 back within %.1f s", slowest));
  EXPECT_LE(slowest, 10);
  Ok({"stop", run_, "--grace", "0"});
}

rlim_t LowestFreeDescriptor(const Process& process) {
  rlim_t number = 0;
  while (std::filesystem::is_symlink(
      absl::StrCat("/proc/", process.pid(), "/fd/", number))) {
    ++number;
  }
  return number;
}

TEST_F(CrowdTest, Row28_NoMoreDescriptors) {
  Row row(28, "aggregator out of file descriptors",
          "who is there goes on; others are refused; a warning; recovers");
  auto aggregator =
      StartAggregator({"--set", "budget.generations=1000000"});
  auto first = StartWorker("first");
  ASSERT_TRUE(AwaitStatus("\"workers_active\":1"));
  ASSERT_TRUE(AwaitGeneration(1));
  rlimit before;
  ASSERT_EQ(prlimit(aggregator->pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  // The limit is on numbers: from the lowest free one on, none is left.
  // (Descriptors that come and go may hide it for a moment: the next look
  // finds it.)
  rlimit none = before;
  for (int look = 0; look < 20; ++look) {
    none.rlim_cur =
        std::min<rlim_t>(none.rlim_cur, LowestFreeDescriptor(*aggregator));
    std::this_thread::yield();
  }
  ASSERT_EQ(prlimit(aggregator->pid(), RLIMIT_NOFILE, &none, nullptr), 0);

  const ProcessResult refused =
      testing::RunProcess({Starling(), "worker", "--endpoint_file",
                           run_ + "/endpoint", "--give_up_after", "3"});
  EXPECT_EQ(refused.status, 3) << refused.err;
  row.Saw("another worker gives up (exit 3)");
  const std::string progress = aggregator->err();
  ASSERT_TRUE(WaitUntil([&] { return aggregator->err() != progress; }))
      << "training goes on";
  EXPECT_THAT(aggregator->err(), HasSubstr("file descriptors"));
  row.Saw("training goes on, with a warning");

  ASSERT_EQ(prlimit(aggregator->pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  auto second = StartWorker("second");
  ASSERT_TRUE(AwaitStatus("\"workers_active\":2"));
  row.Saw("recovers");
  Ok({"stop", run_, "--grace", "0"});
}

}  // namespace
}  // namespace starling
