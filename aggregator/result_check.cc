#include "aggregator/result_check.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/moments.h"
#include "base/protocol.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr size_t kMaxDetailBytes = 256;

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

bool IsEmpty(const v1::Moments& moments) {
  return moments.count() == 0 && moments.sum_low().empty() &&
         moments.sum_high().empty() && moments.square_low().empty() &&
         moments.square_high().empty();
}

absl::Status CheckEpisodes(const v1::WorkUnit& unit,
                           const v1::RolloutResult& result,
                           const v1::EnvSpec& spec) {
  const int episodes = static_cast<int>(unit.episodes());
  if (result.returns_size() != episodes || result.lengths_size() != episodes) {
    return Refuse(result.returns_size(), " returns and ", result.lengths_size(),
                  " lengths for ", episodes, " episodes");
  }
  for (int e = 0; e < episodes; ++e) {
    if (!(std::abs(result.returns(e)) <= kLargestReturn)) {
      return Refuse("returns[", e, "] is ", result.returns(e),
                    ", not a number within +-", kLargestReturn);
    }
    if (result.lengths(e) < 1 || result.lengths(e) > spec.max_steps()) {
      return Refuse("lengths[", e, "] is ", result.lengths(e), ", not in [1, ",
                    spec.max_steps(), "]");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMoments(const v1::WorkUnit& unit,
                          const v1::RolloutResult& result,
                          const v1::EnvSpec& spec) {
  if (!unit.keep_moments()) {
    if (IsEmpty(result.observations())) return absl::OkStatus();
    return Refuse("observations for a unit that keeps none");
  }
  uint64_t steps = 0;
  for (const uint32_t length : result.lengths()) steps += length;
  if (result.observations().count() != steps) {
    return Refuse("observations.count is ", result.observations().count(),
                  ", not ", steps, ", the control steps");
  }
  const auto moments = Moments::FromProto(result.observations(),
                                          static_cast<int>(spec.state_size()));
  if (moments.ok()) return absl::OkStatus();
  return Refuse("observations: ", moments.status().message());
}

absl::Status CheckAnswer(const v1::WorkUnit& unit,
                         const v1::RolloutResult& result,
                         const v1::EnvSpec& spec) {
  if (result.status() != v1::RolloutResult::OK) {
    if (result.returns().empty() && result.lengths().empty() &&
        IsEmpty(result.observations())) {
      return absl::OkStatus();
    }
    return Refuse("numbers besides the status ",
                  v1::RolloutResult::Status_Name(result.status()));
  }
  RETURN_IF_ERROR(CheckEpisodes(unit, result, spec));
  RETURN_IF_ERROR(CheckMoments(unit, result, spec));
  if ((unit.sign() != 0) != (result.perturbation_check() != 0)) {
    return Refuse("perturbation_check is ", result.perturbation_check(),
                  " where the sign is ", unit.sign());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckResult(const v1::WorkUnit& unit,
                         const v1::RolloutResult& result,
                         const v1::EnvSpec& spec) {
  if (result.generation() != unit.generation() ||
      result.index() != unit.index()) {
    return Refuse("result of generation ", result.generation(), ", unit ",
                  result.index(), " for generation ", unit.generation(),
                  ", unit ", unit.index());
  }
  if (!v1::RolloutResult::Status_IsValid(result.status())) {
    return Refuse("unit ", unit.index(), ": unknown status ",
                  static_cast<int>(result.status()));
  }
  if (result.detail().size() > kMaxDetailBytes) {
    return Refuse("unit ", unit.index(), ": detail of ", result.detail().size(),
                  " bytes; at most ", kMaxDetailBytes);
  }
  const absl::Status status = CheckAnswer(unit, result, spec);
  if (status.ok()) return status;
  return Refuse("unit ", unit.index(), ": ", status.message());
}

}  // namespace starling
