// A policy of which a search chooses options: `configured`.
//
// Works for every kind of policy. The options' choices may lead to parameters
// of other sizes: theta holds, for each name in any layout, a matrix as large
// as the largest of that name, and a policy uses their upper left corners.
// Setting an architecture makes the policy anew.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/override.h"
#include "base/status.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int64_t kMaxCombinations = 1024;

// The policy of one combination, and where its parameters lie in theta.
struct Variant {
  std::unique_ptr<Policy> policy;
  std::vector<int> places;
};

class ConfiguredPolicy : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::Configured& options = config.configured();
    auto made =
        std::unique_ptr<ConfiguredPolicy>(new ConfiguredPolicy(options, spec));
    // The action head is the whole policy's.
    if (!made->options_.policy().has_action()) {
      *made->options_.mutable_policy()->mutable_action() = config.action();
    }
    if (options.option().empty()) {
      return absl::InvalidArgumentError(
          "policy.configured.option is empty: there is nothing to choose");
    }
    v1::SearchSpace space;
    int64_t combinations = 1;
    for (const v1::OptionChoice& option : options.option()) {
      v1::Decision* decision = space.add_decisions();
      decision->set_name(option.path());
      if (option.values().empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("policy.configured: the option \"", option.path(),
                         "\" has no values to choose from"));
      }
      if (option.ordered()) {
        decision->mutable_integer()->set_min(0);
        decision->mutable_integer()->set_max(option.values_size() - 1);
      } else {
        v1::OneOf* one_of = decision->mutable_one_of();
        one_of->set_num_candidates(option.values_size());
        *one_of->mutable_names() = option.values();
      }
      combinations *= option.values_size();
      if (combinations > kMaxCombinations) {
        return absl::InvalidArgumentError(
            absl::StrCat("policy.configured has more than ", kMaxCombinations,
                         " combinations of options"));
      }
    }
    ASSIGN_OR_RETURN(made->space_, SearchSpace::Create(std::move(space)));
    RETURN_IF_ERROR(made->PlanTheta());
    ASSIGN_OR_RETURN(made->now_, made->Make(made->First()));
    return std::unique_ptr<Policy>(std::move(made));
  }

  int num_parameters() const override { return num_parameters_; }
  ParameterLayout layout() const override { return layout_; }
  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters_);
    theta.setZero();
    // The largest policy of each name gives its start to all.
    for (const auto& [policy_index, block_index] : largest_) {
      const absl::StatusOr<Variant> variant = Make(Combination(policy_index));
      CHECK(variant.ok()) << variant.status();
      Eigen::VectorXf own(variant->policy->num_parameters());
      variant->policy->InitialParameters(rng, own);
      const ParameterBlock block = variant->policy->layout()[block_index];
      for (int i = 0; i < block.rows * block.cols; ++i) {
        theta[variant->places[block.offset + i]] = own[block.offset + i];
      }
    }
  }
  const SearchSpace& search_space() const override { return space_; }
  absl::Status SetArchitecture(const v1::Architecture& architecture) override {
    Choices choices = First();
    if (!architecture.encoding().empty()) {
      ASSIGN_OR_RETURN(choices, space_.Decode(architecture));
    }
    ASSIGN_OR_RETURN(now_, Make(choices));
    own_.resize(now_.policy->num_parameters());
    return absl::OkStatus();
  }
  std::vector<int> ActiveParameters() const override {
    std::vector<int> active;
    for (const int i : now_.policy->ActiveParameters()) {
      active.push_back(now_.places[i]);
    }
    std::sort(active.begin(), active.end());
    return active;
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters_);
    own_.resize(now_.policy->num_parameters());
    for (Eigen::Index i = 0; i < own_.size(); ++i) {
      own_[i] = theta[now_.places[i]];
    }
    now_.policy->SetParameters(own_);
  }
  void Reset() override { now_.policy->Reset(); }
  void Act(const Observation& observation, VectorRef action) override {
    now_.policy->Act(observation, action);
  }
  absl::Status Export(v1::ExportedPolicy* model) const override {
    return now_.policy->Export(model);
  }
  PolicyCost Cost() const override { return now_.policy->Cost(); }

 private:
  ConfiguredPolicy(const v1::Configured& options, const v1::EnvSpec& spec)
      : options_(options), spec_(spec) {}

  int32_t Value(int option, int index) const {
    return space_.first_value(option) + index;
  }
  Choices First() const { return Combination(0); }
  // Number `index` of all.
  Choices Combination(int64_t index) const {
    Choices choices;
    for (int i = 0; i < options_.option_size(); ++i) {
      const int n = options_.option(i).values_size();
      choices.push_back({Value(i, static_cast<int>(index % n))});
      index /= n;
    }
    return choices;
  }

  absl::StatusOr<std::unique_ptr<Policy>> MakePolicy(
      const Choices& choices) const {
    v1::PolicyConfig config = options_.policy();
    for (int i = 0; i < options_.option_size(); ++i) {
      const v1::OptionChoice& option = options_.option(i);
      const absl::Status status = ApplyOverride(
          absl::StrCat(option.path(), "=",
                       option.values(choices[i][0] - space_.first_value(i))),
          &config);
      if (status.ok()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("policy.configured.option: ", status.message()));
    }
    return PolicyRegistry::Make(config, spec_);
  }

  absl::StatusOr<Variant> Make(const Choices& choices) const {
    Variant variant;
    ASSIGN_OR_RETURN(variant.policy, MakePolicy(choices));
    for (const ParameterBlock& block : variant.policy->layout()) {
      const ParameterBlock& in = layout_[block_of_.at(block.name)];
      for (int row = 0; row < block.rows; ++row) {
        for (int col = 0; col < block.cols; ++col) {
          variant.places.push_back(in.offset + row * in.cols + col);
        }
      }
    }
    return variant;
  }

  // The layout of theta, from those of all combinations.
  absl::Status PlanTheta() {
    int64_t combinations = 1;
    for (const auto& option : options_.option()) {
      combinations *= option.values_size();
    }
    std::vector<int64_t> size;
    for (int64_t c = 0; c < combinations; ++c) {
      ASSIGN_OR_RETURN(const std::unique_ptr<Policy> policy,
                       MakePolicy(Combination(c)));
      const ParameterLayout layout = policy->layout();
      for (size_t i = 0; i < layout.size(); ++i) {
        const ParameterBlock& block = layout[i];
        const auto [found, is_new] =
            block_of_.emplace(block.name, static_cast<int>(layout_.size()));
        if (is_new) {
          layout_.push_back({block.name, 0, 0, 0});
          largest_.push_back({});
          size.push_back(0);
        }
        ParameterBlock& all = layout_[found->second];
        all.rows = std::max(all.rows, block.rows);
        all.cols = std::max(all.cols, block.cols);
        const int64_t own = int64_t{block.rows} * block.cols;
        if (own <= size[found->second]) continue;
        size[found->second] = own;
        largest_[found->second] = {c, static_cast<int>(i)};
      }
    }
    for (ParameterBlock& block : layout_) {
      block.offset = num_parameters_;
      num_parameters_ += block.rows * block.cols;
    }
    return absl::OkStatus();
  }

  v1::Configured options_;
  const v1::EnvSpec spec_;
  SearchSpace space_;
  ParameterLayout layout_;
  std::map<std::string, int> block_of_;
  // For each block of theta: the combination with the largest of that name, and
  // which block of its layout it is.
  std::vector<std::pair<int64_t, int>> largest_;
  int num_parameters_ = 0;
  Variant now_;
  Eigen::VectorXf own_;
};

STARLING_REGISTER_POLICY(configured, ConfiguredPolicy::Create);

}  // namespace
}  // namespace starling
