// The results that the aggregator has not taken yet, the oldest first.
//
// Results leave in messages; those of a message that did not arrive come back
// to the front, so nothing is lost while the aggregator is away. What a message
// holds is nobody's here: its sender puts it back. Not thread-safe.
#ifndef STARLING_WORKERS_OUTBOX_H_
#define STARLING_WORKERS_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "proto/work.pb.h"

namespace starling {

class Outbox {
 public:
  using Results = google::protobuf::RepeatedPtrField<v1::LeasedResult>;

  // So many unsent results are enough: ask for no further work.
  static constexpr size_t kEnough = 256;

  // Cuts `detail` to what a message may hold.
  void Add(v1::LeasedResult result);
  // Appends the oldest to `message`, as many as one may hold, and forgets them.
  void MoveTo(Results* message);
  // Takes back what MoveTo gave, in its order; `message` is of no use then.
  void PutBack(Results* message);
  void Clear() { results_.clear(); }

  bool empty() const { return results_.empty(); }
  // Whether kEnough wait. More are taken all the same.
  bool full() const { return results_.size() >= kEnough; }
  // Of the results that wait: still ours, so heartbeats name them.
  std::vector<uint64_t> leases() const;

 private:
  std::deque<v1::LeasedResult> results_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_OUTBOX_H_
