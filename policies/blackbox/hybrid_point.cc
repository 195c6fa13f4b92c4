// A point of which a search chooses some coordinates: `hybrid_point`.
//
// theta holds the real coordinates and starts at zero; without a search the
// chosen ones have their middle level. What is observed is not read. An Act
// costs O(coordinates).
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/action_head.h"
#include "policies/policy.h"

namespace starling {
namespace {

class HybridPoint : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::HybridPoint& options = config.hybrid_point();
    ASSIGN_OR_RETURN(ActionHead head,
                     ActionHead::Create(config.action(), spec));
    if (spec.num_choices() > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.hybrid_point needs actions that are numbers; "
                       "those of ",
                       spec.name(), " are a choice; use mlp or linear"));
    }
    if (head.raw_size() < 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.hybrid_point needs two coordinates or more; ",
                       spec.name(), " has one"));
    }
    const int64_t categorical = options.categorical();
    if (categorical < 1 || categorical >= head.raw_size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy.hybrid_point.categorical must be 1 to ", head.raw_size() - 1,
          ", fewer than the ", head.raw_size(), " coordinates of ", spec.name(),
          "; got ", categorical));
    }
    if (!std::isfinite(options.low()) || !std::isfinite(options.high()) ||
        options.low() >= options.high()) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.hybrid_point.low must be below high, got ",
                       options.low(), " and ", options.high()));
    }
    v1::SearchSpace space;
    v1::Decision* decision = space.add_decisions();
    decision->set_name("categories");
    decision->mutable_one_of()->set_num_candidates(options.levels());
    decision->mutable_one_of()->set_count(options.categorical());
    ASSIGN_OR_RETURN(SearchSpace made, SearchSpace::Create(std::move(space)));
    return std::unique_ptr<Policy>(
        new HybridPoint(options, std::move(head), std::move(made)));
  }

  int num_parameters() const override {
    return head_.raw_size() - space_.num_places(0);
  }
  ParameterLayout layout() const override {
    return {{"reals", 0, num_parameters(), 1}};
  }
  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    theta.setZero();
  }

  const SearchSpace& search_space() const override { return space_; }

  absl::Status SetArchitecture(const v1::Architecture& architecture) override {
    Choices choices = {
        std::vector<int32_t>(space_.num_places(0), space_.num_values(0) / 2)};
    if (!architecture.encoding().empty()) {
      ASSIGN_OR_RETURN(choices, space_.Decode(architecture));
    }
    SetCategories(choices[0]);
    return absl::OkStatus();
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters());
    point_.head(theta.size()) = theta;
    is_nan_ = theta.hasNaN();
  }

  void Act(const Observation& observation, VectorRef action) override {
    head_.Apply(point_, action);
    if (is_nan_) action.setConstant(std::numeric_limits<float>::quiet_NaN());
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    // Rows that read nothing.
    v1::NetworkLayer* layer = model->add_layers();
    layer->set_rows(static_cast<uint32_t>(point_.size()));
    layer->set_operation(v1::NetworkLayer::IDENTITY);
    layer->mutable_sparse()->mutable_row_lengths()->Resize(
        static_cast<int>(point_.size()), 0);
    layer->mutable_weights()->mutable_float32();
    layer->mutable_offsets()->Assign(point_.begin(), point_.end());
    head_.Export(model->mutable_head());
    return absl::OkStatus();
  }

  PolicyCost Cost() const override {
    PolicyCost cost;
    cost.biases = num_parameters();
    cost.units = point_.size();
    cost.bits =
        32 * cost.biases +
        space_.num_places(0) *
            static_cast<int64_t>(std::ceil(std::log2(space_.num_values(0))));
    return cost;
  }

 private:
  HybridPoint(const v1::HybridPoint& options, ActionHead head,
              SearchSpace space)
      : low_(options.low()),
        high_(options.high()),
        head_(std::move(head)),
        space_(std::move(space)),
        point_(Eigen::VectorXf::Zero(head_.raw_size())) {
    CHECK(SetArchitecture({}).ok());
  }

  void SetCategories(const std::vector<int32_t>& levels) {
    const int last = space_.num_values(0) - 1;
    for (size_t i = 0; i < levels.size(); ++i) {
      point_[num_parameters() + i] =
          static_cast<float>(low_ + (high_ - low_) * levels[i] / last);
    }
  }

  const double low_;
  const double high_;
  const ActionHead head_;
  const SearchSpace space_;
  // Reals, then categories.
  Eigen::VectorXf point_;
  bool is_nan_ = false;
};

STARLING_REGISTER_POLICY(hybrid_point, HybridPoint::Create);

}  // namespace
}  // namespace starling
