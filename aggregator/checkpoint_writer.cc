#include "aggregator/checkpoint_writer.h"

#include <utility>

#include "base/log.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

CheckpointWriter::CheckpointWriter(
    std::function<absl::Status(v1::Checkpoint)> save,
    std::chrono::milliseconds retry, std::function<void()> changed)
    : save_(std::move(save)),
      retry_(retry),
      changed_(std::move(changed)),
      thread_([this] { Run(); }) {}

CheckpointWriter::~CheckpointWriter() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    quit_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

uint64_t CheckpointWriter::Submit(v1::Checkpoint checkpoint) {
  uint64_t ticket;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_ = std::move(checkpoint);
    ticket = ++last_ticket_;
    not_before_ = {};
    state_.idle = false;
  }
  wake_.notify_one();
  return ticket;
}

CheckpointWriter::State CheckpointWriter::state() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return state_;
}

void CheckpointWriter::Run() {
  std::optional<Clock::time_point> warned;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    if (!waiting_.has_value()) {
      wake_.wait(lock, [this] { return quit_ || waiting_.has_value(); });
    } else if (not_before_ > Clock::now()) {
      wake_.wait_until(lock, not_before_);
      if (!quit_ && not_before_ > Clock::now()) continue;
    }
    if (quit_) return;
    v1::Checkpoint checkpoint = *std::move(waiting_);
    waiting_.reset();
    const uint64_t ticket = last_ticket_;
    const uint64_t generation = checkpoint.state().generation();
    lock.unlock();
    // The store takes its argument by value: keep one to try again.
    absl::Status status = save_(checkpoint);
    const auto now = Clock::now();
    if (!status.ok() &&
        (!warned.has_value() || now - *warned >= std::chrono::minutes(1))) {
      LOG(WARNING) << "the checkpoint of generation " << generation
                   << " can't be written: " << status
                   << "; training goes on, the one before is intact, the next "
                      "attempt follows";
      warned = now;
    }
    lock.lock();
    state_.last_error = status;
    state_.attempted = ticket;
    if (status.ok()) {
      state_.durable = ticket;
      if (warned.has_value()) LOG(INFO) << "checkpoints are written again";
      warned.reset();
      state_.durable_generation = generation;
      state_.durable_at = now;
    } else {
      ++state_.failures;
      if (!waiting_.has_value()) {
        waiting_ = std::move(checkpoint);
        not_before_ = now + retry_;
      }
    }
    state_.idle = !waiting_.has_value();
    lock.unlock();
    changed_();
    lock.lock();
  }
}

}  // namespace starling
