// A worker and what it meets: refusals, silence, stuck units, the end.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/service_harness.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using testing::Aggregator;
using testing::Await;
using testing::Gate;
using ::testing::HasSubstr;
using testing::NewFolder;
using testing::SmallExperiment;
using testing::TestWorker;

// The reason that a worker gives which finds `fingerprint` on its machine.
std::string Refusal(const v1::Fingerprint& fingerprint) {
  Aggregator aggregator(SmallExperiment(1), NewFolder());
  TestWorker worker(
      aggregator.service().InProcessChannel(), 1, nullptr,
      [&](WorkerOptions* options) {
        options->fingerprint = [&](const v1::Experiment&) {
          return fingerprint;
        };
      });
  const absl::Status status = worker.Join();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  return std::string(status.message());
}

TEST(ServiceWorker, RefusedWorkerSaysWhy) {
  v1::Fingerprint other = testing::FakeFingerprint();
  other.set_mujoco_version("4.0.0");
  EXPECT_THAT(Refusal(other), HasSubstr("the MuJoCo version differs"));
  EXPECT_THAT(Refusal(other), HasSubstr("the aggregator has \"3.17.0\""));
  EXPECT_THAT(Refusal(other), HasSubstr("the worker has \"4.0.0\""));

  other = testing::FakeFingerprint();
  other.set_numbers("other vectors");
  EXPECT_THAT(Refusal(other), HasSubstr("random numbers"));
  EXPECT_THAT(Refusal(other), HasSubstr("the aggregator has \"n\""));
  EXPECT_THAT(Refusal(other), HasSubstr("the worker has \"other vectors\""));
}

TEST(ServiceWorker, BrokenEvaluatorEndsTheWorkerWithItsReason) {
  Aggregator aggregator(SmallExperiment(1), NewFolder());
  TestWorker worker(aggregator.service().InProcessChannel(), 3, nullptr,
                    [](WorkerOptions* options) {
                      options->make_evaluator = [](const v1::Experiment&)
                          -> absl::StatusOr<std::unique_ptr<UnitEvaluator>> {
                        return absl::NotFoundError("no such environment");
                      };
                    });

  EXPECT_EQ(worker.Join(), absl::NotFoundError("no such environment"));
}

TEST(ServiceWorker, GivesUpOnSilenceOnlyWhenAsked) {
  const std::string address = "unix:" + NewFolder() + "/nobody";
  TestWorker patient(ConnectToAggregator(address), 1);
  TestWorker hasty(ConnectToAggregator(address), 1, nullptr,
                   [&](WorkerOptions* options) {
                     options->address = address;
                     options->contact.give_up_after = milliseconds(300);
                     options->contact.complain_after = milliseconds(50);
                     options->call_deadline = milliseconds(100);
                   });

  const absl::Status status = hasty.Join();

  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(address));
}

TEST(ServiceWorker, WaitsForAnAggregatorThatComesLater) {
  const std::string folder = NewFolder();
  const std::string address = "unix:" + folder + "/s";
  TestWorker worker(ConnectToAggregator(address), 1);

  Aggregator aggregator(SmallExperiment(2), folder, {address});

  EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(worker.Join(), absl::OkStatus());
}

TEST(ServiceWorker, WorkerOfAFinishedRunLeavesAtOnce) {
  const std::string folder = NewFolder();
  {
    Aggregator aggregator(SmallExperiment(1), folder);
    TestWorker worker(aggregator.service().InProcessChannel(), 1);
    EXPECT_EQ(aggregator.coordinator().Wait(), absl::OkStatus());
  }
  Aggregator again(SmallExperiment(1), folder);
  EXPECT_EQ(again.coordinator().Wait(), absl::OkStatus());
  TestWorker late(again.service().InProcessChannel(), 1);

  EXPECT_EQ(late.Join(), absl::OkStatus());
}

TEST(ServiceWorker, StopFinishesWhatHasBegunAndGivesBackTheRest) {
  Gate gate;
  gate.CloseAfter(3);
  Aggregator aggregator(SmallExperiment(50), NewFolder());
  TestWorker worker(aggregator.service().InProcessChannel(), 2, &gate);
  ASSERT_TRUE(gate.AwaitWaiting(2));
  const int before = aggregator.storage().results_stored;

  worker.worker().Stop();
  // The unit in reserve goes back before those that have begun are done.
  ASSERT_TRUE(Await([&] {
    gate.Open();
    return aggregator.coordinator().snapshot()->workers == 0;
  }));

  EXPECT_TRUE(absl::IsCancelled(worker.Join()));
  EXPECT_EQ(aggregator.coordinator().snapshot()->units_outstanding, 0);
  EXPECT_EQ(aggregator.coordinator().snapshot()->workers_lost, 0);
  EXPECT_TRUE(Await(
      [&] { return aggregator.storage().results_stored >= before + 2; }));
}

TEST(ServiceWorker, StuckUnitIsReported) {
  Gate gate;
  gate.CloseAfter(1);
  std::atomic<int> reports{0};
  Aggregator aggregator(SmallExperiment(50), NewFolder());
  TestWorker worker(aggregator.service().InProcessChannel(), 1, &gate,
                    [&](WorkerOptions* options) {
                      options->step_timeout = milliseconds(40);
                      options->on_stuck = [&](const std::string& what) {
                        EXPECT_THAT(what, HasSubstr("generation 0"));
                        ++reports;
                      };
                    });

  EXPECT_TRUE(Await([&] { return reports > 0; }));
  gate.Open();
}

TEST(ServiceWorker, AnotherRunAtTheSameAddressIsBegunAnew) {
  const std::string folder = NewFolder();
  const std::string address = "unix:" + folder + "/s";
  Gate gate;
  gate.CloseAfter(3);
  auto first = std::make_unique<Aggregator>(SmallExperiment(50), folder,
                                            std::vector<std::string>{address});
  TestWorker worker(ConnectToAggregator(address), 1, &gate);
  ASSERT_TRUE(gate.AwaitWaiting(1));
  first.reset();
  gate.Open();
  v1::Experiment other = SmallExperiment(2);
  other.set_seed(8);

  Aggregator second(other, NewFolder(), {address});

  EXPECT_EQ(second.coordinator().Wait(), absl::OkStatus());
  EXPECT_EQ(worker.Join(), absl::OkStatus());
  EXPECT_EQ(second.coordinator().snapshot()->results_rejected, 0u);
}

TEST(ServiceWorker, FailedTrainingEndsTheRunAndFreesTheWorkers) {
  Aggregator aggregator(SmallExperiment(5), NewFolder());
  class Broken : public UnitEvaluator {
   public:
    explicit Broken(v1::EnvSpec spec) : spec_(std::move(spec)) {}
    const v1::EnvSpec& env_spec() const override { return spec_; }
    void SetState(std::shared_ptr<const v1::PolicyState>) override {}
    v1::RolloutResult Evaluate(const v1::WorkUnit& unit) override {
      v1::RolloutResult result;
      result.set_generation(unit.generation());
      result.set_index(unit.index());
      result.set_status(v1::RolloutResult::ENV_ERROR);
      result.set_detail("broken on purpose");
      return result;
    }
    uint64_t steps() const override { return 0; }

   private:
    v1::EnvSpec spec_;
  };
  TestWorker worker(
      aggregator.service().InProcessChannel(), 2, nullptr,
      [](WorkerOptions* options) {
        options->make_evaluator = [](const v1::Experiment& experiment)
            -> absl::StatusOr<std::unique_ptr<UnitEvaluator>> {
          return std::make_unique<Broken>(testing::EnvSpecOf(experiment));
        };
      });

  const absl::Status status = aggregator.coordinator().Wait();

  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("broken on purpose"));
  EXPECT_EQ(worker.Join(), absl::OkStatus());
  EXPECT_EQ(aggregator.coordinator().snapshot()->phase,
            Snapshot::Phase::kFailed);
}

}  // namespace
}  // namespace starling
