// Row 10 of the fault matrix: results that come twice, in another order, late,
// or not at all; alone, and in random histories with kills and cuts.
#include <csignal>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"
#include "tests/testing/proxy.h"
#include "tests/testing/relay.h"

namespace starling {
namespace {

using testing::IsFullForm;
using testing::Meddling;
using testing::Process;
using testing::Proxy;
using testing::Relay;
using testing::Row;
using testing::WaitUntil;

constexpr char kExperiment[] = R"(
name: "delivered" seed: 21
env { half_cheetah {} max_steps: 50 }
policy { linear {} }
strategy { openai_es { num_directions: 40 sigma: 0.05 } }
evaluation { every: 10 episodes: 2 fresh_episodes: 1 }
budget { generations: 40 }
)";

class DeliveryTest : public ClusterFixture {
 protected:
  DeliveryTest() : ClusterFixture(kExperiment) {}

  std::string Socket() const { return "unix:" + Path("a.sock"); }
  std::string RelaySocket() const { return "unix:" + Path("r.sock"); }
};

TEST_F(DeliveryTest, Row10_DoubledReorderedAndLateResults) {
  Row row(10, "results twice, in another order, a generation late",
          "each counts once; same theta");
  auto aggregator = StartAggregator({"--set", "audit_fraction=0"});
  Relay relay(RelaySocket(), Socket(),
              {.doubled = .3, .shuffled = .5, .late = .3, .lost_answers = .02});
  std::vector<std::unique_ptr<Process>> workers;
  for (const char* name : {"a", "b", "c"}) {
    workers.push_back(StartWorker(
        name, {"--connect", RelaySocket(), "--slots", "2"}));
  }

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  auto verdicts = relay.verdicts_of_repeats();
  EXPECT_GT(verdicts[v1::WorkReply::DUPLICATE], 100);
  EXPECT_GT(verdicts[v1::WorkReply::STALE], 100);
  EXPECT_EQ(verdicts[v1::WorkReply::ACCEPTED], 0);
  EXPECT_EQ(verdicts[v1::WorkReply::REJECTED], 0);
  row.Saw(absl::StrCat(verdicts[v1::WorkReply::DUPLICATE], " DUPLICATE, ",
                       verdicts[v1::WorkReply::STALE], " STALE"));
  EXPECT_EQ(Signature(run_), Undisturbed());
  if (!HasFailure()) row.Saw("same theta");
}

// Everything at once: each history has faults of its own, by its seed.
TEST_F(DeliveryTest, Row10_RandomHistories) {
  const int histories = IsFullForm() ? 60 : 1;
  Row row(10,
          absl::StrCat(histories, " random histories: kills, cuts, doubled, "
                                  "reordered, late and lost results"),
          "same theta in all");
  const std::string expected = Undisturbed();
  int kills = 0, cuts = 0, repeats = 0;
  for (int history = 0; history < histories; ++history) {
    std::mt19937 random(history);
    const auto chance = [&](double most) {
      return most * static_cast<double>(random() % 1000) / 1000;
    };
    run_ = Path(absl::StrCat("run", history));
    auto aggregator = StartAggregator();
    Relay relay(RelaySocket(), Socket(),
                {.seed = random(),
                 .doubled = chance(.5),
                 .shuffled = chance(1),
                 .late = chance(.5),
                 .lost_answers = chance(.02),
                 .lost_calls = chance(.02)});
    Proxy proxy(RelaySocket());
    std::vector<std::unique_ptr<Process>> workers;
    const auto start = [&](size_t i) {
      const std::string& address = i % 2 == 0 ? RelaySocket() : proxy.address();
      return StartWorker(absl::StrCat("w", i), {"--connect", address});
    };
    for (size_t i = 0; i < 3; ++i) workers.push_back(start(i));

    for (int fault = 0; fault < 4; ++fault) {
      // A random time: in which state a fault strikes is the point.
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 700));
      switch (random() % 3) {
        case 0: {
          const size_t i = random() % workers.size();
          workers[i]->Signal(SIGKILL);
          workers[i] = start(i);
          ++kills;
          break;
        }
        case 1:
          if (!aggregator->running()) break;
          aggregator->Signal(SIGKILL);
          aggregator->Wait();
          aggregator = StartAggregator();
          ++kills;
          break;
        default:
          proxy.Set(Proxy::Cut::kBoth);
          std::this_thread::sleep_for(
              std::chrono::milliseconds(random() % 300));
          proxy.Set(Proxy::Cut::kNone);
          ++cuts;
      }
    }
    ASSERT_EQ(aggregator->Wait().status, 0) << aggregator->err();
    EXPECT_EQ(Signature(run_), expected) << "history " << history;
    for (const auto& [verdict, n] : relay.verdicts_of_repeats()) repeats += n;
  }
  row.Saw(absl::StrCat(kills, " kills, ", cuts, " cuts, ", repeats,
                       " results delivered again"));
  if (!HasFailure()) row.Saw("same theta in all");
}

}  // namespace
}  // namespace starling
