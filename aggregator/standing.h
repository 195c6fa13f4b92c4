// How far a worker's answers can be trusted, and since when they count.
#ifndef STARLING_AGGREGATOR_STANDING_H_
#define STARLING_AGGREGATOR_STANDING_H_

#include <cstdint>
#include <optional>
#include <string>

namespace starling {

// A worker keeps it when it registers again, also with a restarted aggregator.
struct Standing {
  // Its first session; 32 hexadecimal digits. "": not known.
  std::string origin = {};
  // No answer of it has counted on its word alone in an earlier generation.
  // None: none has at all.
  std::optional<uint64_t> first_generation = {};
  // Others agree on another answer than it has given.
  bool convicted = false;
  // For people: "the worker on HOST (process PID)". Not stored.
  std::string who = {};
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_STANDING_H_
