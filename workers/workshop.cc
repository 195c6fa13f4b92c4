#include "workers/workshop.h"

#include <utility>

#include "base/file.h"
#include "base/status.h"

namespace starling {

Workshop::Workshop(int num_slots, EvaluatorFactory make_evaluator,
                   FingerprintFunction fingerprint, EventQueue* queue,
                   Outbox* outbox)
    : num_slots_(num_slots),
      make_evaluator_(std::move(make_evaluator)),
      compute_fingerprint_(std::move(fingerprint)),
      queue_(queue),
      outbox_(outbox) {}

absl::Status Workshop::Build(const v1::Experiment& experiment) {
  Close();
  experiment_ = SerializeDeterministically(experiment);
  // On a slot's thread, and then on that of the queue's events.
  const auto deliver = [this, build = build_](v1::LeasedResult result) {
    queue_->Post([this, build, result = std::move(result)]() mutable {
      if (build != build_) return;
      outbox_->Add(std::move(result));
      pool_->Claim();
    });
  };
  ASSIGN_OR_RETURN(pool_, SlotPool::Create(num_slots_, experiment,
                                           make_evaluator_, deliver));
  ASSIGN_OR_RETURN(fingerprint_, compute_fingerprint_(experiment));
  return absl::OkStatus();
}

void Workshop::Close() {
  pool_.reset();
  ++build_;
}

bool Workshop::Serves(const v1::Experiment& experiment) const {
  return is_open() && SerializeDeterministically(experiment) == experiment_;
}

}  // namespace starling
