// The promise: whatever happens to workers or aggregator, a run ends with the
// same bytes.
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/service_harness.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using testing::Aggregator;
using testing::Await;
using testing::FinalBytes;
using testing::Gate;
using testing::NewFolder;
using testing::SmallExperiment;
using testing::TestWorker;

constexpr int kGenerations = 6;

// An undisturbed run with `workers` workers.
std::string Undisturbed(int workers, int slots) {
  const std::string folder = NewFolder();
  Aggregator aggregator(SmallExperiment(kGenerations), folder);
  std::vector<std::unique_ptr<TestWorker>> crew;
  for (int i = 0; i < workers; ++i) {
    crew.push_back(std::make_unique<TestWorker>(
        aggregator.service().InProcessChannel(), slots));
  }
  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  for (auto& worker : crew) EXPECT_EQ(worker->Join(), absl::OkStatus());
  const auto snapshot = aggregator.coordinator().snapshot();
  EXPECT_EQ(snapshot->phase, Snapshot::Phase::kFinished);
  EXPECT_EQ(snapshot->results_rejected, 0u);
  EXPECT_EQ(snapshot->workers, 0) << "they have left";
  EXPECT_EQ(snapshot->history.size(), static_cast<size_t>(kGenerations));
  return FinalBytes(folder);
}

const std::string& Reference() {
  static const auto* bytes = new std::string(Undisturbed(1, 1));
  return *bytes;
}

TEST(ServiceBits, NumberOfWorkersAndSlotsChangesNothing) {
  EXPECT_EQ(Undisturbed(2, 1), Reference());
  EXPECT_EQ(Undisturbed(5, 3), Reference());
}

TEST(ServiceBits, DyingWorkersChangeNothing) {
  const std::string folder = NewFolder();
  Aggregator aggregator(SmallExperiment(kGenerations), folder);
  Gate gate;
  // Each dies in mid-generation with two units begun and more in reserve.
  for (int i = 0; i < 3; ++i) {
    gate.CloseAfter(3);
    TestWorker victim(aggregator.service().InProcessChannel(), 2, &gate);
    ASSERT_TRUE(gate.AwaitWaiting(2));
    victim.worker().Abandon();
    ASSERT_TRUE(Await([&] {
      const auto snapshot = aggregator.coordinator().snapshot();
      return snapshot->workers_lost == i + 1 &&
             snapshot->units_outstanding == 0;
    })) << "its leases return soon";
    gate.Open();
  }

  TestWorker survivor(aggregator.service().InProcessChannel(), 2);

  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(FinalBytes(folder), Reference());
}

TEST(ServiceBits, KilledAggregatorGoesOnWhereItWas) {
  const std::string folder = NewFolder();
  const std::string address = "unix:" + folder + "/s";
  Gate gate;
  gate.CloseAfter(12);  // in the second generation
  auto aggregator = std::make_unique<Aggregator>(
      SmallExperiment(kGenerations), folder, std::vector<std::string>{address});
  const uint64_t first_life = aggregator->coordinator().incarnation();
  TestWorker worker(ConnectToAggregator(address), 2, &gate);
  ASSERT_TRUE(gate.AwaitWaiting(2));
  ASSERT_TRUE(
      Await([&] { return aggregator->storage().results_stored == 12; }));

  aggregator.reset();
  gate.Open();
  aggregator = std::make_unique<Aggregator>(
      SmallExperiment(kGenerations), folder, std::vector<std::string>{address});

  EXPECT_EQ(aggregator->coordinator().incarnation(), first_life + 1);
  EXPECT_EQ(aggregator->coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(worker.Join(), absl::OkStatus());
  EXPECT_EQ(FinalBytes(folder), Reference());
  // 8 training units a generation; evaluations (3 each) before generations 0
  // and 3, and at the end.
  EXPECT_EQ(12 + aggregator->storage().results_stored, 8 * kGenerations + 3 * 3)
      << "nothing that was stored is computed again";
}

TEST(ServiceBits, AggregatorKilledAgainAndAgain) {
  const std::string folder = NewFolder();
  const std::string address = "unix:" + folder + "/s";
  TestWorker worker(ConnectToAggregator(address), 1);
  for (int life = 0; life < 8; ++life) {
    CoordinatorOptions options = testing::FastOptions();
    // Some lives never write a checkpoint but the first.
    if (life % 2 == 1) options.checkpoint_every = std::chrono::hours(1);
    Aggregator aggregator(SmallExperiment(kGenerations), folder, {address},
                          options);
    const int target = 3 + 2 * life;
    ASSERT_TRUE(Await([&] {
      return aggregator.storage().results_stored >= target ||
             aggregator.coordinator().WaitFor(milliseconds(0)).has_value();
    }));
  }
  Aggregator last(SmallExperiment(kGenerations), folder, {address});

  EXPECT_EQ(last.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(FinalBytes(folder), Reference());
}

TEST(ServiceBits, StoppedRunGoesOn) {
  const std::string folder = NewFolder();
  Gate gate;
  {
    gate.CloseAfter(13);
    Aggregator aggregator(SmallExperiment(kGenerations), folder);
    TestWorker worker(aggregator.service().InProcessChannel(), 1, &gate);
    ASSERT_TRUE(gate.AwaitWaiting(1));
    aggregator.coordinator().Stop(std::chrono::seconds(30));
    gate.Open();
    EXPECT_TRUE(absl::IsCancelled(aggregator.coordinator().Wait()));
    EXPECT_TRUE(absl::IsCancelled(worker.Join())) << "it was sent away";
    EXPECT_EQ(aggregator.coordinator().snapshot()->phase,
              Snapshot::Phase::kStopped);
  }
  Aggregator aggregator(SmallExperiment(kGenerations), folder);
  TestWorker worker(aggregator.service().InProcessChannel(), 1);

  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(FinalBytes(folder), Reference());
}

TEST(ServiceBits, StopDoesNotWaitLongerThanItsGrace) {
  Gate gate;
  gate.CloseAfter(2);
  Aggregator aggregator(SmallExperiment(kGenerations), NewFolder());
  TestWorker worker(aggregator.service().InProcessChannel(), 1, &gate);
  ASSERT_TRUE(gate.AwaitWaiting(1));

  aggregator.coordinator().Stop(milliseconds(50));

  EXPECT_TRUE(absl::IsCancelled(aggregator.coordinator().Wait()));
  gate.Open();
}

TEST(ServiceBits, FullDiskHoldsVerdictsBackAndLosesNothing) {
  const std::string folder = NewFolder();
  Gate gate;
  gate.CloseAfter(3);
  Aggregator aggregator(SmallExperiment(kGenerations), folder);
  testing::FlakyStorage& storage = aggregator.storage();
  TestWorker worker(aggregator.service().InProcessChannel(), 1, &gate);
  ASSERT_TRUE(gate.AwaitWaiting(1));

  storage.results_fail = true;
  gate.Open();
  ASSERT_TRUE(Await([&] { return storage.failures >= 3; }));
  ASSERT_TRUE(Await(
      [&] { return !aggregator.coordinator().snapshot()->warnings.empty(); }));
  EXPECT_EQ(aggregator.coordinator().snapshot()->generation, 0u);
  storage.results_fail = false;

  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(FinalBytes(folder), Reference());
  EXPECT_TRUE(aggregator.coordinator().snapshot()->warnings.empty());
}

TEST(ServiceBits, FailingCheckpointsDoNotHoldUpTraining) {
  const std::string folder = NewFolder();
  Aggregator aggregator(SmallExperiment(kGenerations), folder);
  aggregator.storage().checkpoints_fail = true;
  TestWorker worker(aggregator.service().InProcessChannel(), 1);

  ASSERT_TRUE(Await([&] {
    return aggregator.coordinator().snapshot()->phase ==
           Snapshot::Phase::kEnding;
  })) << "all generations done";
  EXPECT_FALSE(aggregator.coordinator().WaitFor(milliseconds(20)).has_value())
      << "but not saved";
  aggregator.storage().checkpoints_fail = false;

  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(FinalBytes(folder), Reference());
}

TEST(ServiceBits, StragglerThatNeverEndsIsOvertaken) {
  const std::string folder = NewFolder();
  Gate gate;
  gate.CloseAfter(8);
  Aggregator aggregator(SmallExperiment(kGenerations), folder);
  TestWorker stuck(aggregator.service().InProcessChannel(), 1, &gate);
  ASSERT_TRUE(gate.AwaitWaiting(1));

  TestWorker other(aggregator.service().InProcessChannel(), 1);

  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  EXPECT_GE(aggregator.coordinator().snapshot()->copies, 1u);
  EXPECT_EQ(FinalBytes(folder), Reference());
  gate.Open();
}

}  // namespace
}  // namespace starling
