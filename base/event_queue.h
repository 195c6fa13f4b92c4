// What other threads want done, for the one thread that owns the state.
#ifndef STARLING_BASE_EVENT_QUEUE_H_
#define STARLING_BASE_EVENT_QUEUE_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace starling {

// Thread-safe. Events run in the order of posting, on whoever takes them.
class EventQueue {
 public:
  using Event = absl::AnyInvocable<void()>;
  using Time = std::chrono::steady_clock::time_point;

  explicit EventQueue(size_t limit) : limit_(limit) {}

  void Post(Event event) {
    // Whoever takes the event may end the queue as soon as the lock is free.
    std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::move(event));
    posted_.notify_one();
  }
  // Whether `limit` events wait: who can be refused should be.
  bool full() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return events_.size() >= limit_;
  }
  size_t size() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return events_.size();
  }
  // All that wait; waits for the first until `deadline`.
  std::vector<Event> Take(Time deadline) {
    std::unique_lock<std::mutex> lock(mutex_);
    posted_.wait_until(lock, deadline, [this] { return !events_.empty(); });
    return std::exchange(events_, {});
  }

 private:
  const size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<Event> events_;  // guarded by mutex_
};

}  // namespace starling

#endif  // STARLING_BASE_EVENT_QUEUE_H_
