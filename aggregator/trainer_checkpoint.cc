// The part of the trainer that saves and restores it.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/trainer.h"
#include "base/status.h"
#include "google/protobuf/util/message_differencer.h"

namespace starling {
namespace {

constexpr uint32_t kFormatVersion = 1;

template <typename... Parts>
absl::Status Misfit(const Parts&... parts) {
  return absl::DataLossError(absl::StrCat("checkpoint: ", parts...));
}

// DataLoss, with the differing fields, unless the messages are equal.
absl::Status ExpectEqual(const google::protobuf::Message& saved,
                         const google::protobuf::Message& ours,
                         absl::string_view what) {
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  if (differencer.Compare(saved, ours)) return absl::OkStatus();
  return Misfit("its ", what, " is not this run's; saved -> this run:\n",
                differences);
}

// The saved best policy has d finite parameters and moments of this size.
absl::Status CheckBest(const v1::BestPolicy& best, int parameters,
                       int state_size) {
  if (best.mean_size() != parameters) {
    return Misfit("best.mean has ", best.mean_size(), " elements, not ",
                  parameters);
  }
  for (int i = 0; i < best.mean_size(); ++i) {
    if (!std::isfinite(best.mean(i))) {
      return Misfit("best.mean[", i, "] is ", best.mean(i));
    }
  }
  if (!std::isfinite(best.fixed_return()) ||
      !std::isfinite(best.fresh_return())) {
    return Misfit("the best policy's returns are ", best.fixed_return(),
                  " and ", best.fresh_return());
  }
  const auto moments = Moments::FromProto(best.moments(), state_size);
  if (moments.ok()) return absl::OkStatus();
  return Misfit("best.moments: ", moments.status().message());
}

}  // namespace

v1::Checkpoint Trainer::Save() const {
  v1::Checkpoint checkpoint;
  checkpoint.set_format_version(kFormatVersion);
  *checkpoint.mutable_experiment() = experiment_;
  *checkpoint.mutable_env_spec() = env_spec_;
  *checkpoint.mutable_state() = state_;
  checkpoint.set_strategy(strategy_->Save());
  if (best_.has_value()) *checkpoint.mutable_best() = *best_;
  checkpoint.set_env_steps(env_steps_);
  checkpoint.set_episodes(episodes_);
  checkpoint.set_finished(finished_);
  if (search_ != nullptr) *checkpoint.mutable_search() = search_->Save();
  return checkpoint;
}

absl::Status Trainer::Restore(const v1::Checkpoint& checkpoint) {
  if (checkpoint.format_version() < 1 ||
      checkpoint.format_version() > kFormatVersion) {
    return Misfit("format version ", checkpoint.format_version(),
                  " is not one that this program reads (1 to ", kFormatVersion,
                  ")");
  }
  RETURN_IF_ERROR(
      ExpectEqual(checkpoint.experiment(), experiment_, "experiment"));
  RETURN_IF_ERROR(ExpectEqual(checkpoint.env_spec(), env_spec_, "environment"));
  if (checkpoint.state().generation() > kMaxGenerations) {
    return Misfit("generation ", checkpoint.state().generation(), " is beyond ",
                  kMaxGenerations);
  }
  auto moments =
      Moments::FromProto(checkpoint.state().moments(), moments_.size());
  if (!moments.ok()) return Misfit("moments: ", moments.status().message());

  // A new strategy, so that a damaged checkpoint leaves this one as it is.
  const Eigen::VectorXf& mean = strategy_->distribution().mean;
  if (checkpoint.has_search() != (search_ != nullptr)) {
    return Misfit(search_ != nullptr ? "it is not of a search"
                                     : "it is of a search");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Strategy> strategy,
                   MakeStrategy(checkpoint.search().stage(), mean));
  RETURN_IF_ERROR(strategy->Restore(checkpoint.strategy()));
  const SearchDistribution& restored = strategy->distribution();
  const v1::SearchDistribution& saved = checkpoint.state().distribution();
  if (saved.sigma() != restored.sigma ||
      !std::equal(saved.mean().begin(), saved.mean().end(),
                  restored.mean.begin(), restored.mean.end())) {
    return Misfit("its two copies of the parameters differ");
  }
  std::optional<v1::BestPolicy> best;
  if (checkpoint.has_best()) {
    RETURN_IF_ERROR(CheckBest(checkpoint.best(), static_cast<int>(mean.size()),
                              moments_.size()));
    best = checkpoint.best();
  }

  if (search_ != nullptr) {
    RETURN_IF_ERROR(search_->Restore(checkpoint.search()));
  }
  strategy_ = std::move(strategy);
  moments_ = *std::move(moments);
  generation_ = checkpoint.state().generation();
  env_steps_ = checkpoint.env_steps();
  episodes_ = checkpoint.episodes();
  best_ = std::move(best);
  finished_ = checkpoint.finished() && IsLast();
  BeginGeneration();
  return absl::OkStatus();
}

}  // namespace starling
