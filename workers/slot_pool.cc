#include "workers/slot_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace starling {

absl::StatusOr<std::unique_ptr<SlotPool>> SlotPool::Create(
    int slots, const v1::Experiment& experiment, EvaluatorFactory factory,
    std::function<void(v1::LeasedResult)> on_result) {
  CHECK_GE(slots, 1);
  std::unique_ptr<SlotPool> pool(new SlotPool(slots, std::move(on_result)));
  for (Slot& slot : pool->slots_) {
    slot.thread =
        std::thread([pool = pool.get(), slot = &slot, experiment, factory] {
          pool->Run(slot, experiment, factory);
        });
  }
  std::unique_lock<std::mutex> lock(pool->mutex_);
  pool->wake_.wait(lock, [&] { return pool->num_built_ == slots; });
  if (!pool->build_status_.ok()) {
    const absl::Status status = pool->build_status_;
    lock.unlock();
    return status;
  }
  pool->env_spec_ = pool->slots_[0].evaluator->env_spec();
  lock.unlock();
  return pool;
}

SlotPool::SlotPool(int slots, std::function<void(v1::LeasedResult)> on_result)
    : on_result_(std::move(on_result)), slots_(slots) {}

SlotPool::~SlotPool() {
  EndWithin(std::chrono::milliseconds(0));
  for (Slot& slot : slots_) slot.thread.join();
}

bool SlotPool::EndWithin(std::chrono::milliseconds limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  quit_ = true;
  for (Slot& slot : slots_) {
    if (slot.evaluator != nullptr) slot.evaluator->BreakOff();
  }
  wake_.notify_all();
  return wake_.wait_for(lock, limit, [this] { return NumRunning() == 0; });
}

void SlotPool::SetState(std::shared_ptr<const v1::PolicyState> state) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    state_ = std::move(state);
  }
  wake_.notify_all();
}

void SlotPool::Add(const v1::Lease& lease) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(lease);
  }
  wake_.notify_one();
}

void SlotPool::Cancel(absl::Span<const uint64_t> leases) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(waiting_, [&](const v1::Lease& lease) {
    return std::find(leases.begin(), leases.end(), lease.lease_id()) !=
           leases.end();
  });
}

void SlotPool::KeepOnly(uint64_t generation) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(waiting_, [&](const v1::Lease& lease) {
    return lease.unit().generation() != generation;
  });
}

void SlotPool::CancelAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.clear();
}

std::vector<uint64_t> SlotPool::held() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<uint64_t> leases;
  for (const Slot& slot : slots_) {
    if (slot.is_running) leases.push_back(slot.lease.lease_id());
  }
  for (const v1::Lease& lease : waiting_) leases.push_back(lease.lease_id());
  return leases;
}

int SlotPool::num_held() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return NumRunning() + static_cast<int>(waiting_.size());
}

int SlotPool::num_unfinished() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return NumRunning() + num_unclaimed_;
}

void SlotPool::Claim() {
  std::lock_guard<std::mutex> lock(mutex_);
  --num_unclaimed_;
}

int SlotPool::NumRunning() const {
  return static_cast<int>(
      std::count_if(slots_.begin(), slots_.end(),
                    [](const Slot& slot) { return slot.is_running; }));
}

std::string SlotPool::FindStuck(std::chrono::milliseconds timeout, Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (Slot& slot : slots_) {
    if (!slot.is_running) continue;
    const uint64_t steps = slot.evaluator->steps();
    if (steps != slot.seen_steps) {
      slot.seen_steps = steps;
      slot.progress_at = now;
    }
    if (now - slot.progress_at >= timeout) {
      return absl::StrCat("unit ", slot.lease.unit().index(), " of generation ",
                          slot.lease.unit().generation(), " {",
                          slot.lease.unit().ShortDebugString(), "}");
    }
  }
  return "";
}

bool SlotPool::CanBegin() const {
  return !waiting_.empty() && state_ != nullptr &&
         waiting_.front().unit().generation() == state_->generation();
}

void SlotPool::Run(Slot* slot, const v1::Experiment& experiment,
                   const EvaluatorFactory& factory) {
  auto built = factory(experiment);
  std::unique_lock<std::mutex> lock(mutex_);
  ++num_built_;
  if (built.ok()) {
    slot->evaluator = *std::move(built);
  } else {
    build_status_.Update(built.status());
  }
  wake_.notify_all();
  std::shared_ptr<const v1::PolicyState> state;
  while (true) {
    wake_.wait(lock, [this] { return quit_ || CanBegin(); });
    if (quit_) break;
    slot->lease = std::move(waiting_.front());
    waiting_.pop_front();
    slot->is_running = true;
    slot->seen_steps = slot->evaluator->steps();
    slot->progress_at = std::chrono::steady_clock::now();
    const bool is_new = state != state_;
    state = state_;
    lock.unlock();

    if (is_new) slot->evaluator->SetState(state);
    v1::LeasedResult leased;
    leased.set_lease_id(slot->lease.lease_id());
    *leased.mutable_result() = slot->evaluator->Evaluate(slot->lease.unit());

    lock.lock();
    slot->is_running = false;
    if (quit_) {
      wake_.notify_all();
      break;
    }
    ++num_unclaimed_;
    lock.unlock();
    on_result_(std::move(leased));
    lock.lock();
  }
  const std::unique_ptr<UnitEvaluator> evaluator = std::move(slot->evaluator);
  lock.unlock();
  // Destroyed here, on the thread that made it.
}

}  // namespace starling
