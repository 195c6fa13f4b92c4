// What the coordinator keeps on disk, as an interface: a test lets it fail.
#ifndef STARLING_AGGREGATOR_STORAGE_H_
#define STARLING_AGGREGATOR_STORAGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_store.h"
#include "aggregator/trainer.h"
#include "proto/checkpoint.pb.h"
#include "proto/work.pb.h"

namespace starling {

// The meaning of each call is that of RunStore and CheckpointStore. Saving
// checkpoints happens on a thread of its own, everything else on another.
class Storage {
 public:
  virtual ~Storage() = default;

  virtual absl::Status AddResults(absl::Span<const SessionResult> results) = 0;
  virtual absl::StatusOr<std::vector<SessionResult>> Results(
      uint64_t generation) = 0;
  virtual absl::Status DropResultsBefore(uint64_t generation) = 0;
  virtual absl::StatusOr<std::optional<Standing>> StandingOf(
      const std::string& session) = 0;
  virtual absl::Status Convict(const Standing& standing,
                               std::optional<uint64_t> suspect) = 0;
  virtual absl::Status AddProgress(const Progress& progress,
                                   double elapsed_s) = 0;
  virtual absl::Status ResumeFrom(uint64_t generation) = 0;
  virtual absl::StatusOr<uint64_t> NextIncarnation() = 0;
  virtual absl::Status RecordWorker(const WorkerRecord& worker) = 0;

  virtual absl::Status SaveCheckpoint(v1::Checkpoint checkpoint) = 0;
};

// The run directory's run.db and checkpoints.
class DiskStorage : public Storage {
 public:
  // `last_incarnation`: what the run's lock file remembers.
  DiskStorage(std::unique_ptr<RunStore> store, CheckpointStore checkpoints,
              uint64_t last_incarnation = 0)
      : store_(std::move(store)),
        checkpoints_(std::move(checkpoints)),
        last_incarnation_(last_incarnation) {}

  absl::Status AddResults(absl::Span<const SessionResult> results) override {
    return store_->AddResults(results);
  }
  absl::StatusOr<std::vector<SessionResult>> Results(
      uint64_t generation) override {
    return store_->Results(generation);
  }
  absl::Status DropResultsBefore(uint64_t generation) override {
    return store_->DropResultsBefore(generation);
  }
  absl::StatusOr<std::optional<Standing>> StandingOf(
      const std::string& session) override {
    return store_->StandingOf(session);
  }
  absl::Status Convict(const Standing& standing,
                       std::optional<uint64_t> suspect) override {
    return store_->Convict(standing, suspect);
  }
  absl::Status AddProgress(const Progress& progress,
                           double elapsed_s) override {
    return store_->AddProgress(progress, elapsed_s);
  }
  absl::Status ResumeFrom(uint64_t generation) override {
    return store_->ResumeFrom(generation);
  }
  absl::StatusOr<uint64_t> NextIncarnation() override {
    return store_->NextIncarnation(last_incarnation_);
  }
  absl::Status RecordWorker(const WorkerRecord& worker) override {
    return store_->RecordWorker(worker);
  }
  absl::Status SaveCheckpoint(v1::Checkpoint checkpoint) override {
    return checkpoints_.Save(std::move(checkpoint));
  }

 private:
  std::unique_ptr<RunStore> store_;
  CheckpointStore checkpoints_;
  uint64_t last_incarnation_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_STORAGE_H_
