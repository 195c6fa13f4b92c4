#include "nas/pareto_archive.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/math.h"

namespace starling {
namespace {

constexpr double kBucketWidth = 1.05;

std::vector<ArchiveEntry> Values(const std::map<int, ArchiveEntry>& entries) {
  std::vector<ArchiveEntry> values;
  for (const auto& [bucket, entry] : entries) values.push_back(entry);
  return values;
}

}  // namespace

double ReturnEstimate::lower_bound() const {
  return mean - std / std::sqrt(static_cast<double>(std::max(episodes, 1)));
}

int ParetoArchive::BucketOf(double cost) {
  return static_cast<int>(
      std::floor(Log(std::max(cost, 1.0)) / Log(kBucketWidth)));
}

void ParetoArchive::Offer(const Choices& choices, double cost,
                          double mean_return) {
  ArchiveEntry offered{choices, cost, {}};
  offered.estimate.mean = mean_return;
  const int bucket = BucketOf(cost);
  const auto [found, is_new] = challengers_.emplace(bucket, offered);
  if (!is_new && mean_return > found->second.estimate.mean) {
    found->second = std::move(offered);
  }
}

std::vector<ArchiveEntry> ParetoArchive::ToEvaluate() const {
  std::vector<ArchiveEntry> all = Values(entries_);
  for (const auto& [bucket, challenger] : challengers_) {
    const auto entry = entries_.find(bucket);
    if (entry != entries_.end() &&
        entry->second.choices == challenger.choices) {
      continue;
    }
    all.push_back(challenger);
  }
  return all;
}

void ParetoArchive::Update(absl::Span<const ReturnEstimate> estimates) {
  std::vector<ArchiveEntry> all = ToEvaluate();
  CHECK_EQ(estimates.size(), all.size());
  entries_.clear();
  challengers_.clear();
  for (size_t i = 0; i < all.size(); ++i) {
    if (estimates[i].episodes == 0) continue;
    all[i].estimate = estimates[i];
    const auto [found, is_new] =
        entries_.emplace(BucketOf(all[i].cost), all[i]);
    if (!is_new &&
        all[i].estimate.lower_bound() > found->second.estimate.lower_bound()) {
      found->second = std::move(all[i]);
    }
  }
  if (static_cast<int>(entries_.size()) <= limit_) return;
  // What is on the front stays first of all.
  std::map<int, ArchiveEntry> kept;
  for (ArchiveEntry& entry : Front()) {
    if (static_cast<int>(kept.size()) == limit_) break;
    kept.emplace(BucketOf(entry.cost), std::move(entry));
  }
  entries_ = std::move(kept);
}

std::vector<ArchiveEntry> ParetoArchive::Front() const {
  std::vector<ArchiveEntry> front;
  for (const auto& [bucket, entry] : entries_) {
    if (front.empty() ||
        entry.estimate.lower_bound() > front.back().estimate.lower_bound()) {
      front.push_back(entry);
    }
  }
  return front;
}

std::vector<ArchiveEntry> ParetoArchive::entries() const {
  return Values(entries_);
}

std::vector<ArchiveEntry> ParetoArchive::challengers() const {
  return Values(challengers_);
}

void ParetoArchive::Restore(std::vector<ArchiveEntry> entries,
                            std::vector<ArchiveEntry> challengers) {
  entries_.clear();
  challengers_.clear();
  for (ArchiveEntry& entry : entries) {
    entries_.emplace(BucketOf(entry.cost), std::move(entry));
  }
  for (ArchiveEntry& challenger : challengers) {
    challengers_.emplace(BucketOf(challenger.cost), std::move(challenger));
  }
}

}  // namespace starling
