// A search's front of return against cost, as a table for people and scripts.
#ifndef STARLING_DEPLOY_RUN_PARETO_CSV_H_
#define STARLING_DEPLOY_RUN_PARETO_CSV_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "proto/checkpoint.pb.h"

namespace starling {

// In the run directory.
constexpr char kParetoFile[] = "pareto.csv";

// Half the width of the 95 % confidence interval of the entry's mean, by
// Student's t; infinite for one episode.
double HalfWidth95(const v1::FrontEntry& entry);

// A header, then a line an entry:
//
//   generation, cost, mean, ci95_low, ci95_high, episodes, space, architecture
//
// The last two are what an experiment's `architecture { space: .. encoding:
// ".."
// }` takes; no cell has a comma or a quotation mark.
std::string ParetoCsv(uint64_t generation,
                      absl::Span<const v1::FrontEntry> front);

}  // namespace starling

#endif  // STARLING_DEPLOY_RUN_PARETO_CSV_H_
