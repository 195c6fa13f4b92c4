#include "deploy/export/exporter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/moments.h"
#include "base/resolve.h"
#include "base/status.h"
#include "base/version.h"
#include "policies/normalizer.h"
#include "policies/policy.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

constexpr char kLicense[] = "weights: yours; code: Apache-2.0";

// The same floats as a table and indices into it, where that takes fewer bytes.
void ShareEqualWeights(v1::Weights* weights) {
  const auto& values = weights->float32().values();
  // By bits: 0 and -0 differ.
  const auto less = [](float a, float b) {
    return std::bit_cast<uint32_t>(a) < std::bit_cast<uint32_t>(b);
  };
  std::vector<float> table(values.begin(), values.end());
  std::sort(table.begin(), table.end(), less);
  table.erase(std::unique(table.begin(), table.end(),
                          [](float a, float b) {
                            return std::bit_cast<uint32_t>(a) ==
                                   std::bit_cast<uint32_t>(b);
                          }),
              table.end());
  if (table.empty() || table.size() > 65536) return;
  const int bits = std::bit_width(table.size() - 1);
  const size_t packed = (values.size() * bits + 7) / 8;
  if (4 * table.size() + packed >= 4 * static_cast<size_t>(values.size())) {
    return;
  }
  std::string indices(packed, 0);
  size_t at = 0;
  for (const float value : values) {
    const auto index = static_cast<uint32_t>(
        std::lower_bound(table.begin(), table.end(), value, less) -
        table.begin());
    for (int bit = 0; bit < bits; ++bit, ++at) {
      indices[at / 8] |= static_cast<char>(((index >> bit) & 1) << (at % 8));
    }
  }
  v1::SharedWeights shared;
  shared.mutable_table()->Assign(table.begin(), table.end());
  shared.set_bits(bits);
  shared.set_indices(std::move(indices));
  *weights->mutable_shared() = std::move(shared);
}

// What the environment calls number i, or a number.
v1::Channel Named(
    const google::protobuf::RepeatedPtrField<v1::NumberName>& names, int i,
    const char* otherwise) {
  v1::Channel channel;
  if (i < names.size() && !names[i].name().empty()) {
    channel.set_name(names[i].name());
    channel.set_unit(names[i].unit());
  } else {
    channel.set_name(absl::StrCat(otherwise, i));
  }
  return channel;
}

}  // namespace

absl::StatusOr<v1::ExportedPolicy> ExportPolicy(
    const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
    const v1::PolicyState& state) {
  if (env_spec.image_height() > 0) {
    return absl::UnimplementedError(
        "the policy reads images; only policies that read a state can be "
        "exported");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Policy> policy,
                   PolicyRegistry::Make(experiment.policy(), env_spec));
  RETURN_IF_ERROR(policy->SetArchitecture(state.choice()));
  const auto& mean = state.distribution().mean();
  if (mean.size() != policy->num_parameters()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the policy has ", mean.size(), " parameters, not the ",
                     policy->num_parameters(), " of its configuration"));
  }
  policy->SetParameters(
      Eigen::Map<const Eigen::VectorXf>(mean.data(), mean.size()));

  v1::ExportedPolicy model;
  model.set_format_version(PortablePolicy::kFormatVersion);
  RETURN_IF_ERROR(policy->Export(&model));
  for (v1::NetworkLayer& layer : *model.mutable_layers()) {
    ShareEqualWeights(layer.mutable_weights());
  }

  v1::Contract* contract = model.mutable_contract();
  for (int i = 0; i < static_cast<int>(env_spec.state_size()); ++i) {
    *contract->add_observations() = Named(env_spec.state_names(), i, "obs_");
  }
  for (int i = 0; i < static_cast<int>(env_spec.action_size()); ++i) {
    v1::Channel* action = contract->add_actions();
    *action = Named(env_spec.action_names(), i, "action_");
    action->set_low(env_spec.action_low(i));
    action->set_high(env_spec.action_high(i));
  }
  contract->set_control_period_s(env_spec.control_period_s());
  contract->set_num_choices(env_spec.num_choices());
  contract->set_environment(env_spec.name());

  const int size = static_cast<int>(env_spec.state_size());
  if (state.moments().count() > 0) {
    ASSIGN_OR_RETURN(const Moments moments,
                     Moments::FromProto(state.moments(), size));
    const Normalizer normalizer(experiment.normalizer(), moments);
    if (!normalizer.is_identity()) {
      v1::Whitening* whitening = model.mutable_whitening();
      whitening->mutable_mean()->Assign(normalizer.mean().begin(),
                                        normalizer.mean().end());
      whitening->mutable_scale()->Assign(normalizer.scale().begin(),
                                         normalizer.scale().end());
      whitening->set_clip(std::isinf(normalizer.clip()) ? 0
                                                        : normalizer.clip());
    }
  }

  v1::Provenance* from = model.mutable_provenance();
  from->set_experiment(experiment.name());
  from->set_seed(experiment.seed());
  from->set_generation(state.generation());
  *from->mutable_env() = experiment.env();
  from->set_architecture_space(state.choice().space());
  from->set_architecture(state.choice().encoding());
  from->set_starling_version(kVersion);
  from->set_license(kLicense);
  from->set_quantization("none");
  return model;
}

absl::StatusOr<RunOfExport> AsRun(const v1::ExportedPolicy& model) {
  ASSIGN_OR_RETURN(const PortablePolicy portable,
                   PortablePolicy::Create(model));
  RunOfExport run;
  run.experiment.set_name(model.provenance().experiment());
  run.experiment.set_seed(model.provenance().seed());
  *run.experiment.mutable_env() = model.provenance().env();
  *run.experiment.mutable_policy()->mutable_exported()->mutable_model() = model;
  run.experiment.mutable_normalizer()->set_enabled(false);
  // To be a whole experiment: any will do.
  run.experiment.mutable_strategy()->mutable_ars();
  run.experiment.mutable_budget()->set_generations(1);
  ResolveInPlace(&run.experiment);
  run.state.set_generation(model.provenance().generation());
  const Eigen::VectorXf parameters = portable.parameters();
  run.state.mutable_distribution()->mutable_mean()->Assign(parameters.begin(),
                                                           parameters.end());
  return run;
}

}  // namespace starling
