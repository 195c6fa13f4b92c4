// The best architectures of every size that a search has seen.
//
// One for each bucket of cost, 5 % wide. A proposal whose returns were good by
// luck, or with the parameters of long ago, must not stay for ever: proposals
// are only challengers until the archive is evaluated anew, all of it with the
// same parameters and seeds, where the better lower confidence bound stays.
//
// Paper of the idea: "ES-ENAS: Efficient Evolutionary Architecture Search",
// which reports return against size. Deterministic; not thread-safe.
#ifndef STARLING_NAS_PARETO_ARCHIVE_H_
#define STARLING_NAS_PARETO_ARCHIVE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/types/span.h"
#include "base/search_space.h"

namespace starling {

// Statistics of returns; std is the population's.
struct ReturnEstimate {
  int episodes = 0;
  double mean = 0;
  double std = 0;

  // mean - std / sqrt(episodes).
  double lower_bound() const;
};

struct ArchiveEntry {
  Choices choices;
  double cost = 0;
  ReturnEstimate estimate;
};

class ParetoArchive {
 public:
  // Remembers at most `limit` >= 1 entries: the fronts of larger ones are
  // thinned from the costly end.
  explicit ParetoArchive(int limit) : limit_(limit) {}

  // A proposal did so well in training. It challenges its bucket, unless
  // another has done better since the last Update.
  void Offer(const Choices& choices, double cost, double mean_return);

  // What has to be evaluated: entries, then challengers, each once.
  std::vector<ArchiveEntry> ToEvaluate() const;
  // estimates[i] is of ToEvaluate()[i]; without episodes it is dropped. Keeps
  // the better of each bucket, and no challengers.
  void Update(absl::Span<const ReturnEstimate> estimates);

  // What no cheaper entry equals or beats, by lower bounds; cheapest first.
  std::vector<ArchiveEntry> Front() const;
  // All, cheapest first.
  std::vector<ArchiveEntry> entries() const;
  // What was offered since the last Update, cheapest first; the mean is that of
  // training.
  std::vector<ArchiveEntry> challengers() const;

  // Replaces everything by what entries() and challengers() were.
  void Restore(std::vector<ArchiveEntry> entries,
               std::vector<ArchiveEntry> challengers);

 private:
  static int BucketOf(double cost);

  const int limit_;
  std::map<int, ArchiveEntry> entries_;
  // Their estimate's mean is that of the training episodes.
  std::map<int, ArchiveEntry> challengers_;
};

}  // namespace starling

#endif  // STARLING_NAS_PARETO_ARCHIVE_H_
