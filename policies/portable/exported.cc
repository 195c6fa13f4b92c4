// A policy that was exported before: `exported`.
//
// What evaluates, draws or fine-tunes a policy can do so with what a robot
// loads. theta holds its weights and offsets, layer by layer; it starts at
// those of the file. Whitening is part of the file: an experiment's normaliser
// comes before it.
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/policy.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

class ExportedPolicy : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::ExportedPolicy& model = config.exported().model();
    absl::StatusOr<PortablePolicy> portable = PortablePolicy::Create(model);
    if (!portable.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.exported.model: ", portable.status().message()));
    }
    if (portable->state_size() != static_cast<int>(spec.state_size()) ||
        portable->action_size() != static_cast<int>(spec.action_size()) ||
        model.contract().num_choices() != spec.num_choices()) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.exported.model turns ", portable->state_size(),
                       " observations into ", portable->action_size(),
                       " actions; ", spec.name(), " has ", spec.state_size(),
                       " and ", spec.action_size()));
    }
    if (portable->num_parameters() == 0) {
      return absl::InvalidArgumentError(
          "policy.exported.model has neither weights nor offsets");
    }
    return std::unique_ptr<Policy>(
        new ExportedPolicy(model, *std::move(portable)));
  }

  int num_parameters() const override { return portable_.num_parameters(); }
  ParameterLayout layout() const override {
    return {{"parameters", 0, num_parameters(), 1}};
  }
  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    theta = start_;
  }
  void SetParameters(ConstVectorRef theta) override {
    portable_.SetParameters(theta);
  }
  void Reset() override { portable_.Reset(); }
  void Act(const Observation& observation, VectorRef action) override {
    portable_.Act(observation.state, action);
  }

  PolicyCost Cost() const override {
    PolicyCost cost;
    cost.weights = cost.multiply_adds = cost.chosen_edges =
        portable_.num_products();
    cost.biases = num_parameters() - cost.weights;
    for (const v1::NetworkLayer& layer : model_.layers()) {
      cost.units += layer.rows();
    }
    cost.bits = int64_t{32} * num_parameters();
    return cost;
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    return absl::UnimplementedError(
        "an exported policy is not exported again: its file is the export");
  }

 private:
  ExportedPolicy(const v1::ExportedPolicy& model, PortablePolicy portable)
      : model_(model),
        portable_(std::move(portable)),
        start_(portable_.parameters()) {}

  const v1::ExportedPolicy model_;
  PortablePolicy portable_;
  const Eigen::VectorXf start_;
};

STARLING_REGISTER_POLICY(exported, ExportedPolicy::Create);

}  // namespace
}  // namespace starling
