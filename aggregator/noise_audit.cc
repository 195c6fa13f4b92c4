#include "aggregator/noise_audit.h"

#include "absl/strings/str_cat.h"

namespace starling {

NoiseAudit::NoiseAudit(const Noise* noise, int num_parameters)
    : noise_(noise), epsilon_(num_parameters) {}

absl::Status NoiseAudit::Check(const v1::WorkUnit& unit,
                               const v1::RolloutResult& result) {
  if (stream_ == nullptr || generation_ != unit.generation()) {
    stream_ = noise_->Open(unit.generation());
    generation_ = unit.generation();
  }
  stream_->Fill(static_cast<int>(unit.direction()), epsilon_);
  const uint64_t expected = NoiseCheck(epsilon_);
  if (expected != result.perturbation_check()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "perturbation_check of direction ", unit.direction(), " is ",
        absl::Hex(result.perturbation_check()), ", here it is ",
        absl::Hex(expected), ": the worker draws other random numbers"));
  }
  return absl::OkStatus();
}

}  // namespace starling
