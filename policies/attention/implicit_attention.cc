// Sees through an attention bottleneck: `implicit_attention`.
//
// Each patch of the frame has a query and a key, linear in its pixels; they
// vote for each other (votes.h) and what is known of the top_k patches reaches
// a small controller. Parameters: query weights [query_size, inputs] row by row
// and offsets, the same of keys, then the controller's (controller_net.h). The
// random rows of features are no parameters: a seed makes them.
//
// Scores are q . k / sqrt(inputs of a patch). Papers: "Unlocking Pixels for
// Reinforcement Learning via Implicit Attention", "Neuroevolution of
// Self-Interpretable Agents".
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/action_head.h"
#include "policies/attention/picks.h"
#include "policies/attention/votes.h"
#include "policies/policy.h"
#include "policies/vision/controller_net.h"
#include "policies/vision/frame_stack.h"
#include "policies/vision/patches.h"

namespace starling {
namespace {

// Of initial queries and keys: votes that differ, scores that are short.
constexpr double kInitialDeviation = 0.1;

absl::Status CheckOptions(const v1::ImplicitAttention& options,
                          const v1::EnvSpec& spec) {
  const auto refuse = [](const auto&... parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("policy.implicit_attention", parts...));
  };
  if (spec.image_height() == 0) {
    return refuse(" looks at images, but ", spec.name(),
                  " shows a state only; use an environment with a camera, or a "
                  "policy such as mlp");
  }
  if (options.patch() < 1 || options.stride() < 1 ||
      options.frame_stack() < 1 || options.query_size() < 1) {
    return refuse(
        ": patch, stride, frame_stack and query_size must be at least 1");
  }
  if (options.patch() > std::min(spec.image_height(), spec.image_width())) {
    return refuse(".patch: ", options.patch(), " pixels, but the frames of ",
                  spec.name(), " are ", spec.image_width(), " x ",
                  spec.image_height());
  }
  return absl::OkStatus();
}

class ImplicitAttention : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::ImplicitAttention& options = config.implicit_attention();
    RETURN_IF_ERROR(CheckOptions(options, spec));
    const PatchGrid grid = {static_cast<int>(spec.image_height()),
                            static_cast<int>(spec.image_width()),
                            static_cast<int>(spec.image_channels()),
                            static_cast<int>(options.patch()),
                            static_cast<int>(options.stride())};
    if (options.top_k() < 1 ||
        options.top_k() > static_cast<uint32_t>(grid.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.implicit_attention.top_k: ", options.top_k(),
                       ", but frames of ", spec.image_width(), " x ",
                       spec.image_height(), " have ", grid.size(), " patches"));
    }
    ASSIGN_OR_RETURN(ActionHead head,
                     ActionHead::Create(config.action(), spec));
    std::unique_ptr<ImplicitAttention> policy(new ImplicitAttention(
        options, grid, static_cast<int>(spec.state_size()), std::move(head)));
    const int64_t seen =
        int64_t{options.top_k()} * policy->PickSize() + spec.state_size();
    if (seen == 0) {
      return absl::InvalidArgumentError(
          "policy.implicit_attention.pick shows nothing of a pick; set center");
    }
    ASSIGN_OR_RETURN(
        policy->votes_,
        Votes::Create(
            options, static_cast<int>(options.query_size()),
            1 / std::sqrt(static_cast<float>(policy->projection_.inputs()))));
    ASSIGN_OR_RETURN(
        ControllerNet controller,
        ControllerNet::Create("implicit_attention",
                              options.has_lstm() ? &options.lstm() : nullptr,
                              options.has_mlp() ? &options.mlp() : nullptr,
                              seen, policy->head_.raw_size()));
    policy->controller_.emplace(std::move(controller));
    policy->seen_.resize(seen);
    return std::unique_ptr<Policy>(std::move(policy));
  }

  int num_parameters() const override {
    return 2 * SideSize() + controller_->num_parameters();
  }

  ParameterLayout layout() const override {
    const int d = query_size(), inputs = projection_.inputs();
    ParameterLayout layout;
    for (const int side : {0, 1}) {
      const std::string name = side == 0 ? "query" : "key";
      const int offset = side * SideSize();
      layout.push_back({name + ".weights", offset, d, inputs});
      layout.push_back({name + ".bias", offset + d * inputs, d, 1});
    }
    controller_->AddLayout(2 * SideSize(), &layout);
    return layout;
  }

  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    theta.head(2 * SideSize()).setZero();
    for (const int side : {0, 1}) {
      for (int i = 0; i < query_size() * projection_.inputs(); ++i) {
        theta[side * SideSize() + i] =
            static_cast<float>(rng.Normal() * kInitialDeviation);
      }
    }
    controller_->InitialParameters(&rng, theta.data() + 2 * SideSize());
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters());
    const int d = query_size();
    for (const int side : {0, 1}) {
      const float* const weights = theta.data() + side * SideSize();
      projection_.SetParameters(side * d, d, weights,
                                weights + d * projection_.inputs());
    }
    controller_->SetParameters(theta.data() + 2 * SideSize());
  }

  void Reset() override {
    frames_.Reset();
    controller_->Reset();
  }

  void Act(const Observation& observation, VectorRef action) override {
    CHECK_EQ(observation.state.size(), state_size_);
    frames_.Push(observation.image);
    projection_.Project(frames_.views(), tokens_.data());
    if (options_.max_norm() > 0) CutNorms();
    const int d = query_size();
    if (!votes_->Count(tokens_.leftCols(d), tokens_.rightCols(d), &importance_)
             .ok() ||
        !importance_.allFinite()) {
      picks_.clear();
      action.setConstant(std::numeric_limits<float>::quiet_NaN());
      return;
    }
    picks_ = picker_.Pick(importance_);
    shown_ = picks_;
    if (options_.pick().by_place()) std::sort(shown_.begin(), shown_.end());
    mean_votes_ = 0;
    for (const float votes : importance_) mean_votes_ += double{votes};
    mean_votes_ /= grid_.size();
    float* to = seen_.data();
    for (const int pick : shown_) to = Describe(pick, to);
    std::copy(observation.state.data(), observation.state.data() + state_size_,
              to);
    controller_->Act(seen_.data(), raw_.data());
    head_.Apply(raw_, action);
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    return absl::UnimplementedError(
        "policy.implicit_attention reads images, and exported policies read "
        "states"
        " alone");
  }

  PolicyCost Cost() const override {
    PolicyCost cost;
    const int64_t weights = int64_t{2} * query_size() * projection_.inputs();
    cost.weights = cost.chosen_edges = weights;
    cost.biases = 2 * query_size();
    cost.multiply_adds = weights * grid_.size() + votes_->Cost(grid_.size());
    cost.units = int64_t{2} * query_size() * grid_.size();
    controller_->AddCost(&cost);
    cost.bits = 32 * (cost.weights + cost.biases);
    return cost;
  }

  Gaze gaze() const override {
    return {grid_.patch,
            grid_.stride,
            grid_.rows(),
            grid_.columns(),
            {importance_.data(), static_cast<size_t>(importance_.size())},
            picks_};
  }

 private:
  ImplicitAttention(const v1::ImplicitAttention& options, const PatchGrid& grid,
                    int state_size, ActionHead head)
      : options_(options),
        grid_(grid),
        state_size_(state_size),
        head_(std::move(head)),
        frames_(static_cast<int>(options.frame_stack()),
                int64_t{grid.height} * grid.width * grid.channels),
        projection_(grid, static_cast<int>(options.frame_stack()),
                    options.positional(),
                    2 * static_cast<int>(options.query_size())),
        picker_(grid, static_cast<int>(options.top_k()),
                static_cast<int>(options.pick().min_distance())),
        tokens_(grid.size(), 2 * options.query_size()),
        raw_(head_.raw_size()) {
    picks_.reserve(options.top_k());
    shown_.reserve(options.top_k());
  }

  int query_size() const { return static_cast<int>(options_.query_size()); }
  // Parameters of all queries, and of all keys.
  int SideSize() const { return query_size() * (projection_.inputs() + 1); }
  // Numbers of a pick.
  int64_t PickSize() const {
    const v1::PickFeatures& pick = options_.pick();
    const int pixels =
        grid_.patch * grid_.patch * grid_.channels * frames_.frames();
    return (pick.center() ? 2 : 0) + (pick.color() ? grid_.channels : 0) +
           (pick.importance() ? 1 : 0) + (pick.pixels() ? pixels : 0);
  }

  void CutNorms() {
    // Of scaled queries and keys.
    const float most =
        options_.max_norm() *
        std::sqrt(std::sqrt(static_cast<float>(projection_.inputs())));
    const int d = query_size();
    for (Eigen::Index i = 0; i < tokens_.rows(); ++i) {
      for (const int side : {0, 1}) {
        float* const token = &tokens_(i, side * d);
        float squares = 0;
        for (int j = 0; j < d; ++j) squares += token[j] * token[j];
        if (!(squares > most * most)) continue;
        const float factor = most / std::sqrt(squares);
        for (int j = 0; j < d; ++j) token[j] *= factor;
      }
    }
  }

  // Writes what is known of a pick; answers where that ends.
  float* Describe(int pick, float* to) const {
    const v1::PickFeatures& features = options_.pick();
    const int row = pick / grid_.columns() * grid_.stride;
    const int column = pick % grid_.columns() * grid_.stride;
    if (features.center()) {
      *to++ = static_cast<float>(grid_.center_row(pick)) /
              static_cast<float>(grid_.height);
      *to++ = static_cast<float>(grid_.center_column(pick)) /
              static_cast<float>(grid_.width);
    }
    const auto pixel = [&](int frame, int i, int j) {
      return frames_.frame(frame) +
             (int64_t{row + i} * grid_.width + column + j) * grid_.channels;
    };
    if (features.color()) {
      std::fill(to, to + grid_.channels, 0.0f);
      for (int i = 0; i < grid_.patch; ++i) {
        for (int j = 0; j < grid_.patch; ++j) {
          const float* const from = pixel(frames_.frames() - 1, i, j);
          for (int c = 0; c < grid_.channels; ++c) to[c] += from[c];
        }
      }
      for (int c = 0; c < grid_.channels; ++c) {
        *to++ /= static_cast<float>(grid_.patch * grid_.patch);
      }
    }
    if (features.importance()) {
      *to++ = mean_votes_ == 0
                  ? 0
                  : static_cast<float>(importance_[pick] / mean_votes_);
    }
    if (features.pixels()) {
      for (int i = 0; i < grid_.patch; ++i) {
        for (int j = 0; j < grid_.patch; ++j) {
          for (int frame = 0; frame < frames_.frames(); ++frame) {
            const float* const from = pixel(frame, i, j);
            to = std::copy(from, from + grid_.channels, to);
          }
        }
      }
    }
    return to;
  }

  const v1::ImplicitAttention options_;
  const PatchGrid grid_;
  const int state_size_;
  const ActionHead head_;
  FrameStack frames_;
  PatchProjection projection_;
  std::unique_ptr<Votes> votes_;
  Picker picker_;
  std::optional<ControllerNet> controller_;
  // Queries beside keys, [patches, 2 query_size].
  TokenMatrix<float> tokens_;
  Eigen::VectorXf importance_;
  double mean_votes_ = 0;
  // By votes, and in the order in which the controller sees them.
  std::vector<int> picks_, shown_;
  std::vector<float> seen_;
  Eigen::VectorXf raw_;
};

STARLING_REGISTER_POLICY(implicit_attention, ImplicitAttention::Create);

}  // namespace
}  // namespace starling
