#include "tests/integration/service_harness.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "aggregator/checkpoint.h"
#include "aggregator/run_store.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text_proto.h"
#include "envs/env.h"
#include "workers/rollout_evaluator.h"

namespace starling::testing {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience(60);

v1::Experiment SmallExperiment(int generations) {
  v1::Experiment experiment;
  const absl::Status status = ParseTextProto(
      R"(name: "small" seed: 7
         env { pendulum {} max_steps: 20 }
         policy { linear { bias: true } }
         strategy { ars { num_directions: 4 } }
         evaluation { every: 3 episodes: 2 fresh_episodes: 1 }
         audit_fraction: 0)",
      "SmallExperiment", &experiment);
  CHECK(status.ok()) << status;
  experiment.mutable_budget()->set_generations(generations);
  return experiment;
}

v1::EnvSpec EnvSpecOf(const v1::Experiment& experiment) {
  auto env = EnvRegistry::Make(experiment.env());
  CHECK(env.ok()) << env.status();
  return (*env)->spec();
}

v1::Fingerprint FakeFingerprint() {
  v1::Fingerprint fingerprint;
  fingerprint.set_mujoco_version("3.17.0");
  fingerprint.set_numbers("n");
  fingerprint.set_physics("p");
  return fingerprint;
}

CoordinatorOptions FastOptions() {
  CoordinatorOptions options;
  options.fingerprint = FakeFingerprint();
  options.sessions.heartbeat = milliseconds(100);
  options.sessions.missed_heartbeats = 20;
  options.sessions.reconnect_wait = milliseconds(200);
  options.hold = milliseconds(500);
  options.checkpoint_every = milliseconds(0);
  options.retry = milliseconds(20);
  options.linger = milliseconds(500);
  options.last_checkpoint = milliseconds(60'000);
  return options;
}

absl::Status FlakyStorage::Fail() {
  ++failures;
  return absl::ResourceExhaustedError("no space left on device (a test)");
}
absl::Status FlakyStorage::AddResults(
    absl::Span<const SessionResult> results) {
  if (results_fail) return Fail();
  results_stored += static_cast<int>(results.size());
  return real_->AddResults(results);
}
absl::StatusOr<std::vector<SessionResult>> FlakyStorage::Results(
    uint64_t generation) {
  return real_->Results(generation);
}
absl::StatusOr<std::optional<Standing>> FlakyStorage::StandingOf(
    const std::string& session) {
  return real_->StandingOf(session);
}
absl::Status FlakyStorage::Convict(const Standing& standing,
                                   std::optional<uint64_t> suspect) {
  return results_fail ? Fail() : real_->Convict(standing, suspect);
}
absl::Status FlakyStorage::DropResultsBefore(uint64_t generation) {
  return results_fail ? Fail() : real_->DropResultsBefore(generation);
}
absl::Status FlakyStorage::AddProgress(const Progress& progress,
                                       double elapsed_s) {
  return results_fail ? Fail() : real_->AddProgress(progress, elapsed_s);
}
absl::Status FlakyStorage::ResumeFrom(uint64_t generation) {
  return real_->ResumeFrom(generation);
}
absl::StatusOr<uint64_t> FlakyStorage::NextIncarnation() {
  return real_->NextIncarnation();
}
absl::Status FlakyStorage::RecordWorker(const WorkerRecord& worker) {
  return results_fail ? Fail() : real_->RecordWorker(worker);
}
absl::Status FlakyStorage::SaveCheckpoint(v1::Checkpoint checkpoint) {
  return checkpoints_fail ? Fail()
                          : real_->SaveCheckpoint(std::move(checkpoint));
}

Aggregator::Aggregator(const v1::Experiment& experiment,
                       const std::string& folder,
                       const std::vector<std::string>& listen,
                       CoordinatorOptions options) {
  auto store = RunStore::Open(folder + "/run.db");
  CHECK(store.ok()) << store.status();
  auto checkpoints =
      CheckpointStore::Open(folder, CheckpointStore::Access::kOwner);
  CHECK(checkpoints.ok()) << checkpoints.status();
  std::optional<v1::Checkpoint> newest;
  auto loaded = checkpoints->LoadNewest(nullptr);
  if (loaded.ok()) {
    newest = *std::move(loaded);
  } else {
    CHECK(absl::IsNotFound(loaded.status())) << loaded.status();
  }
  const v1::EnvSpec env_spec = EnvSpecOf(experiment);
  auto trainer = Trainer::Create(experiment, env_spec, /*threads=*/1);
  CHECK(trainer.ok()) << trainer.status();
  auto storage = std::make_unique<FlakyStorage>(std::make_unique<DiskStorage>(
      *std::move(store), *std::move(checkpoints)));
  storage_ = storage.get();
  auto coordinator =
      Coordinator::Create(experiment, env_spec, *std::move(trainer),
                          std::move(storage), newest, std::move(options));
  CHECK(coordinator.ok()) << coordinator.status();
  coordinator_ = *std::move(coordinator);
  ServiceOptions service_options;
  service_options.listen = listen;
  auto service = Service::Start(coordinator_.get(), service_options);
  CHECK(service.ok()) << service.status();
  service_ = *std::move(service);
}

Aggregator::~Aggregator() {
  service_.reset();
  coordinator_.reset();
}

void Gate::Pass() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!passes_left_.has_value() || (*passes_left_)-- > 0) return;
  ++waiting_;
  changed_.notify_all();
  changed_.wait_for(lock, kPatience,
                    [this] { return !passes_left_.has_value(); });
  --waiting_;
}

void Gate::CloseAfter(int units) {
  std::lock_guard<std::mutex> lock(mutex_);
  passes_left_ = units;
}

void Gate::Open() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    passes_left_.reset();
  }
  changed_.notify_all();
}

bool Gate::AwaitWaiting(int n) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return waiting_ >= n; });
}

namespace {

class GatedEvaluator : public UnitEvaluator {
 public:
  GatedEvaluator(std::unique_ptr<UnitEvaluator> real, Gate* gate)
      : real_(std::move(real)), gate_(gate) {}
  const v1::EnvSpec& env_spec() const override { return real_->env_spec(); }
  void SetState(std::shared_ptr<const v1::PolicyState> state) override {
    real_->SetState(std::move(state));
  }
  v1::RolloutResult Evaluate(const v1::WorkUnit& unit) override {
    if (gate_ != nullptr) gate_->Pass();
    return real_->Evaluate(unit);
  }
  uint64_t steps() const override { return real_->steps(); }

 private:
  const std::unique_ptr<UnitEvaluator> real_;
  Gate* const gate_;
};

}  // namespace

TestWorker::TestWorker(std::shared_ptr<grpc::Channel> channel, int slots,
                       Gate* gate, std::function<void(WorkerOptions*)> adjust) {
  WorkerOptions options;
  options.address = "the test's aggregator";
  options.slots = slots;
  options.host = "test";
  options.pid = getpid();
  options.make_evaluator = [gate](const v1::Experiment& experiment)
      -> absl::StatusOr<std::unique_ptr<UnitEvaluator>> {
    auto real = RolloutEvaluators()(experiment);
    if (!real.ok()) return real.status();
    return std::make_unique<GatedEvaluator>(*std::move(real), gate);
  };
  options.fingerprint = [](const v1::Experiment&) { return FakeFingerprint(); };
  options.grace = milliseconds(2'000);
  options.contact.min_pause = milliseconds(20);
  options.contact.max_pause = milliseconds(100);
  if (adjust) adjust(&options);
  worker_ = std::make_unique<Worker>(std::move(channel), std::move(options));
  thread_ = std::thread([this] { result_ = worker_->Run(); });
}

TestWorker::~TestWorker() {
  if (!thread_.joinable()) return;
  worker_->Abandon();
  thread_.join();
}

absl::Status TestWorker::Join() {
  if (thread_.joinable()) thread_.join();
  return result_;
}

std::string FinalBytes(const std::string& folder) {
  auto checkpoints =
      CheckpointStore::Open(folder, CheckpointStore::Access::kReader);
  CHECK(checkpoints.ok()) << checkpoints.status();
  auto checkpoint = checkpoints->LoadNewest(nullptr);
  CHECK(checkpoint.ok()) << checkpoint.status();
  checkpoint->clear_elapsed_s();
  return SerializeDeterministically(*checkpoint);
}

std::string NewFolder() {
  // Short, for the path of a Unix socket; removed when the test ends.
  std::string name = "/tmp/starling-XXXXXX";
  CHECK(mkdtemp(name.data()) != nullptr) << name;
  static std::vector<std::string>* const folders = [] {
    std::atexit([] {
      for (const std::string& folder : *folders) {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
      }
    });
    return new std::vector<std::string>;
  }();
  folders->push_back(name);
  return name;
}

bool Await(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

}  // namespace starling::testing
