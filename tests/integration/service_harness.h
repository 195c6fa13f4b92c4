// Parts for tests of the aggregator's service and its workers: a small run in
// a folder of its own, and evaluators that a test can hold up.
#ifndef STARLING_TESTS_INTEGRATION_SERVICE_HARNESS_H_
#define STARLING_TESTS_INTEGRATION_SERVICE_HARNESS_H_

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aggregator/coordinator.h"
#include "aggregator/service.h"
#include "proto/experiment.pb.h"
#include "workers/worker.h"

namespace starling::testing {

// A pendulum run: `generations` of 8 training units, evaluations at the ends.
v1::Experiment SmallExperiment(int generations);
v1::EnvSpec EnvSpecOf(const v1::Experiment& experiment);
v1::Fingerprint FakeFingerprint();
// Short times everywhere, so that tests of timing are fast.
CoordinatorOptions FastOptions();

// Storage that can be told to fail, in front of another one.
class FlakyStorage : public Storage {
 public:
  explicit FlakyStorage(std::unique_ptr<Storage> real)
      : real_(std::move(real)) {}

  std::atomic<bool> results_fail{false};
  std::atomic<bool> checkpoints_fail{false};
  std::atomic<int> failures{0};
  std::atomic<int> results_stored{0};

  absl::Status AddResults(absl::Span<const SessionResult> r) override;
  absl::StatusOr<std::vector<SessionResult>> Results(
      uint64_t generation) override;
  absl::StatusOr<std::optional<Standing>> StandingOf(
      const std::string& session) override;
  absl::Status Convict(const Standing& standing,
                       std::optional<uint64_t> suspect) override;
  absl::Status DropResultsBefore(uint64_t generation) override;
  absl::Status AddProgress(const Progress& progress, double elapsed_s) override;
  absl::Status ResumeFrom(uint64_t generation) override;
  absl::StatusOr<uint64_t> NextIncarnation() override;
  absl::Status RecordWorker(const WorkerRecord& worker) override;
  absl::Status SaveCheckpoint(v1::Checkpoint checkpoint) override;

 private:
  absl::Status Fail();
  const std::unique_ptr<Storage> real_;
};

// One life of an aggregator on a run's folder. Destroying it is a kill -9:
// nothing is saved, nobody is told.
class Aggregator {
 public:
  Aggregator(const v1::Experiment& experiment, const std::string& folder,
             const std::vector<std::string>& listen = {},
             CoordinatorOptions options = FastOptions());
  ~Aggregator();

  Coordinator& coordinator() { return *coordinator_; }
  Service& service() { return *service_; }
  FlakyStorage& storage() { return *storage_; }

 private:
  FlakyStorage* storage_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Service> service_;
};

// Stops evaluators at the door of a unit until it is opened.
class Gate {
 public:
  // Called by evaluators. `after` units pass before it closes.
  void Pass();
  void CloseAfter(int units);
  void Open();
  // Waits until `n` units stand before it; false after a minute.
  bool AwaitWaiting(int n);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<int> passes_left_;  // none: open
  int waiting_ = 0;
};

// A worker with the real evaluator, on a thread of its own.
class TestWorker {
 public:
  // `gate` may be null.
  TestWorker(std::shared_ptr<grpc::Channel> channel, int slots,
             Gate* gate = nullptr,
             std::function<void(WorkerOptions*)> adjust = nullptr);
  // Abandons it, if it still runs.
  ~TestWorker();

  Worker& worker() { return *worker_; }
  // The result of Run.
  absl::Status Join();

 private:
  std::unique_ptr<Worker> worker_;
  absl::Status result_;
  std::thread thread_;
};

// What the newest checkpoint in the folder says of the run, without times.
std::string FinalBytes(const std::string& folder);
// A fresh folder for this test.
std::string NewFolder();
// Polls `holds` until it does; false after a minute.
bool Await(const std::function<bool()>& holds);

}  // namespace starling::testing

#endif  // STARLING_TESTS_INTEGRATION_SERVICE_HARNESS_H_
