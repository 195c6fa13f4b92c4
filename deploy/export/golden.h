// What an export is tested with.
#ifndef STARLING_DEPLOY_EXPORT_GOLDEN_H_
#define STARLING_DEPLOY_EXPORT_GOLDEN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "base/vectors.h"
#include "proto/model.pb.h"

namespace starling {

// The raw states that the policy sees in `episodes` episodes of its
// environment, at most `most` of them, evenly spread. The errors of the
// environment's factory; Aborted: every episode diverged at once.
absl::StatusOr<std::vector<Eigen::VectorXf>> RecordStates(
    const v1::ExportedPolicy& model, int episodes, int most);

// States to test with: up to 48 of `recorded`; 16 draws of twice the deviation
// that the policy whitens by; extremes: zeros, huge ones of either sign, single
// coordinates far out.
std::vector<Eigen::VectorXf> GoldenStates(
    const v1::ExportedPolicy& model,
    const std::vector<Eigen::VectorXf>& recorded);

// What `model` answers to them, and `reference`, which it was made of.
absl::StatusOr<v1::GoldenVectors> MakeGolden(
    const v1::ExportedPolicy& model, const v1::ExportedPolicy& reference,
    const std::vector<Eigen::VectorXf>& states);

// Largest difference of two lists of actions; infinite where only one of them
// is a number.
double WorstError(absl::Span<const float> a, absl::Span<const float> b);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_GOLDEN_H_
