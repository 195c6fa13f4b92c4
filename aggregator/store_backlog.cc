#include "aggregator/store_backlog.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {

void StoreBacklog::Convict(const Standing& standing,
                           std::optional<uint64_t> suspect) {
  std::erase_if(answers_, [&](const SessionResult& answer) {
    return answer.standing.origin == standing.origin;
  });
  convictions_.push_back({standing, suspect});
}

bool StoreBacklog::Commit(Time now) {
  if (!has_answers()) return true;
  if (!is_damaged_) {
    if (now < next_commit_) return false;
    const absl::Status status = Store();
    if (absl::IsDataLoss(status)) {
      // Stored answers only save time after a restart: go on without.
      LOG(ERROR) << status << "; answers are no longer stored";
      is_damaged_ = true;
    } else if (!status.ok()) {
      Warn(status, now);
      next_commit_ = now + retry_;
      return false;
    }
  }
  convictions_.clear();
  answers_.clear();
  return true;
}

absl::Status StoreBacklog::Store() {
  while (!convictions_.empty()) {
    const auto& [standing, suspect] = convictions_.front();
    RETURN_IF_ERROR(storage_->Convict(standing, suspect));
    convictions_.pop_front();
  }
  return answers_.empty() ? absl::OkStatus() : storage_->AddResults(answers_);
}

void StoreBacklog::Upkeep(Time now,
                          std::optional<uint64_t> durable_generation) {
  if (now < next_upkeep_) return;
  const absl::Status status = Persist(durable_generation);
  if (!status.ok()) {
    Warn(status, now);
    next_upkeep_ = now + retry_;
  } else if (!has_answers()) {
    warning_.clear();
    warned_.reset();
  }
}

absl::Status StoreBacklog::Persist(std::optional<uint64_t> durable_generation) {
  if (is_damaged_) {
    progress_.clear();
    workers_.clear();
    return absl::OkStatus();
  }
  while (!progress_.empty()) {
    const auto& [progress, elapsed_s] = progress_.front();
    RETURN_IF_ERROR(storage_->AddProgress(progress, elapsed_s));
    progress_.pop_front();
  }
  while (!workers_.empty()) {
    RETURN_IF_ERROR(storage_->RecordWorker(workers_.front()));
    workers_.pop_front();
  }
  if (durable_generation.has_value() && *durable_generation > dropped_before_) {
    RETURN_IF_ERROR(storage_->DropResultsBefore(*durable_generation));
    dropped_before_ = *durable_generation;
  }
  return absl::OkStatus();
}

void StoreBacklog::Warn(const absl::Status& status, Time now) {
  warning_ = absl::StrCat("run.db can't be written: ", status.message(),
                          "; training waits and goes on by itself");
  if (warned_.has_value() && now - *warned_ < std::chrono::minutes(1)) return;
  LOG(WARNING) << warning_;
  warned_ = now;
}

}  // namespace starling
