// What a choice of random features costs in accuracy, in closed form.
#ifndef STARLING_POLICIES_ATTENTION_KERNEL_ERROR_H_
#define STARLING_POLICIES_ATTENTION_KERNEL_ERROR_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/attention.pb.h"

namespace starling {

// Root of the mean squared error of the estimate of exp(q . k), divided by it,
// for vectors of these lengths with this angle between them (radians) and
// independent rows; orthogonal ones do better. Unimplemented: kinds without a
// closed form (generalized, complex_exponential, clustered_hybrid).
// Papers: "Rethinking Attention with Performers", "Hybrid Random Features".
absl::StatusOr<double> RelativeError(const v1::FeatureConfig& features,
                                     double query_norm, double key_norm,
                                     double angle);

// The largest of it over all angles, for both of one length.
absl::StatusOr<double> WorstRelativeError(const v1::FeatureConfig& features,
                                          double norm);

// The mean of it over all angles, for both of one length.
absl::StatusOr<double> MeanRelativeError(const v1::FeatureConfig& features,
                                         double norm);

// "" where estimates for vectors of this length are of use: where the mean of
// their relative error over all angles is at most 1. Else a sentence with that
// error, and with the kind that would do better for as many projections.
std::string WarningOfError(const v1::FeatureConfig& features, double norm);

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_KERNEL_ERROR_H_
