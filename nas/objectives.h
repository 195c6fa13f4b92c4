// Return and cost in one number, for controllers that maximise one.
#ifndef STARLING_NAS_OBJECTIVES_H_
#define STARLING_NAS_OBJECTIVES_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "nas/controller.h"
#include "proto/search.pb.h"

namespace starling {

// (x - mean) / standard deviation; all 0 if the deviation is below 1e-12 of the
// largest size.
std::vector<double> ZScores(absl::Span<const double> values);

// InvalidArgument: a product without an offset, a form without a limit, a
// latency without a table.
absl::Status CheckObjectives(const v1::ObjectivesConfig& config);

// Fills `score` of what is there, from mean_return and cost, by `config`, which
// CheckObjectives accepts. InvalidArgument, changing nothing: a product whose
// offset leaves a return at or below zero; names it.
//
// The sign trap: with a negative return the factor (cost / limit)^-w of MnasNet
// makes a larger model score better. So the product asks for an offset, and the
// default works on standardised returns, with a difference.
absl::Status Score(const v1::ObjectivesConfig& config,
                   absl::Span<std::optional<Objectives>> objectives);

}  // namespace starling

#endif  // STARLING_NAS_OBJECTIVES_H_
