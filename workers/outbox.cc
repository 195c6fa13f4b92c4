#include "workers/outbox.h"

#include <utility>

#include "base/protocol.h"

namespace starling {

void Outbox::Add(v1::LeasedResult result) {
  if (result.result().detail().size() > kMaxStringBytes) {
    result.mutable_result()->mutable_detail()->resize(kMaxStringBytes);
  }
  results_.push_back(std::move(result));
}

void Outbox::MoveTo(Results* message) {
  // Half of the limit leaves room for the last one and the rest of the message.
  size_t bytes = 0;
  while (!results_.empty() && message->size() < kMaxResultsPerWork &&
         bytes < kAggregatorMaxMessageBytes / 2) {
    bytes += results_.front().ByteSizeLong();
    *message->Add() = std::move(results_.front());
    results_.pop_front();
  }
}

void Outbox::PutBack(Results* message) {
  for (int i = message->size() - 1; i >= 0; --i) {
    results_.push_front(std::move(*message->Mutable(i)));
  }
}

std::vector<uint64_t> Outbox::leases() const {
  std::vector<uint64_t> leases;
  leases.reserve(results_.size());
  for (const v1::LeasedResult& result : results_) {
    leases.push_back(result.lease_id());
  }
  return leases;
}

}  // namespace starling
