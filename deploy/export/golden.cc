#include "deploy/export/golden.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "base/status.h"
#include "envs/env.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

constexpr size_t kRecorded = 48;
constexpr int kDrawn = 16;
// Of the seeds of what is drawn.
constexpr uint64_t kSeed = 1;

}  // namespace

absl::StatusOr<std::vector<Eigen::VectorXf>> RecordStates(
    const v1::ExportedPolicy& model, int episodes, int most) {
  ASSIGN_OR_RETURN(PortablePolicy policy, PortablePolicy::Create(model));
  ASSIGN_OR_RETURN(const std::unique_ptr<Env> env,
                   EnvRegistry::Make(model.provenance().env()));
  if (static_cast<int>(env->spec().state_size()) != policy.state_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(env->spec().name(), " shows ", env->spec().state_size(),
                     " numbers, the policy reads ", policy.state_size()));
  }
  std::vector<Eigen::VectorXf> seen;
  Eigen::VectorXf action(policy.action_size());
  for (int e = 0; e < episodes; ++e) {
    policy.Reset();
    env->Reset(Rng(DeriveSeed(kSeed, Stream::kEvaluation, 0, 6, e)));
    Outcome outcome = Outcome::kRunning;
    while (outcome == Outcome::kRunning) {
      seen.push_back(env->observation().state);
      policy.Act(seen.back(), action);
      outcome =
          action.allFinite() ? env->Step(action).outcome : Outcome::kDiverged;
    }
  }
  std::vector<Eigen::VectorXf> kept;
  const size_t stride = (seen.size() + most - 1) / most;
  for (size_t i = 0; i < seen.size(); i += stride) {
    if (seen[i].allFinite()) kept.push_back(seen[i]);
  }
  if (kept.empty()) {
    return absl::AbortedError("the policy has seen no state that is finite");
  }
  return kept;
}

std::vector<Eigen::VectorXf> GoldenStates(
    const v1::ExportedPolicy& model,
    const std::vector<Eigen::VectorXf>& recorded) {
  const int size = model.contract().observations_size();
  Eigen::VectorXf mean = Eigen::VectorXf::Zero(size);
  Eigen::VectorXf deviation = Eigen::VectorXf::Ones(size);
  for (int i = 0; model.whitening().mean_size() > 0 && i < size; ++i) {
    mean[i] = model.whitening().mean(i);
    const float scale = model.whitening().scale(i);
    if (scale > 0) deviation[i] = 1 / scale;
  }
  std::vector<Eigen::VectorXf> states;
  const size_t stride = recorded.size() / kRecorded + 1;
  for (size_t i = 0; i < recorded.size() && states.size() < kRecorded;
       i += stride) {
    states.push_back(recorded[i]);
  }
  Rng rng(DeriveSeed(kSeed, Stream::kEvaluation, 0, 7, 0));
  const auto draw = [&] {
    Eigen::VectorXf state(size);
    for (int i = 0; i < size; ++i) {
      state[i] = mean[i] + 2 * deviation[i] * static_cast<float>(rng.Normal());
    }
    return state;
  };
  for (int i = 0; i < kDrawn; ++i) states.push_back(draw());
  states.push_back(Eigen::VectorXf::Zero(size));
  states.push_back(mean);
  for (const float huge : {1e6f, -1e6f, 1e-30f}) {
    states.push_back(Eigen::VectorXf::Constant(size, huge));
  }
  for (int i = 0; i < size; ++i) {
    Eigen::VectorXf state = mean;
    state[i] += (i % 2 == 0 ? 100 : -100) * deviation[i];
    states.push_back(std::move(state));
  }
  while (states.size() < 64) states.push_back(draw());
  return states;
}

absl::StatusOr<v1::GoldenVectors> MakeGolden(
    const v1::ExportedPolicy& model, const v1::ExportedPolicy& reference,
    const std::vector<Eigen::VectorXf>& states) {
  ASSIGN_OR_RETURN(PortablePolicy policy, PortablePolicy::Create(model));
  ASSIGN_OR_RETURN(PortablePolicy before, PortablePolicy::Create(reference));
  v1::GoldenVectors golden;
  golden.set_state_size(static_cast<uint32_t>(policy.state_size()));
  golden.set_action_size(static_cast<uint32_t>(policy.action_size()));
  Eigen::VectorXf action(policy.action_size());
  for (const Eigen::VectorXf& state : states) {
    golden.mutable_states()->Add(state.begin(), state.end());
    policy.Act(state, action);
    golden.mutable_actions()->Add(action.begin(), action.end());
    before.Act(state, action);
    golden.mutable_reference()->Add(action.begin(), action.end());
  }
  return golden;
}

double WorstError(absl::Span<const float> a, absl::Span<const float> b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    const double error = a[i] == b[i] ? 0 : std::fabs(double{a[i]} - b[i]);
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity()
                              : std::max(worst, error);
  }
  return worst;
}

}  // namespace starling
