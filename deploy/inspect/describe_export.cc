#include "deploy/inspect/describe_export.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/human.h"
#include "base/log.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

PortablePolicy Load(const v1::ExportedPolicy& model) {
  absl::StatusOr<PortablePolicy> policy = PortablePolicy::Create(model);
  CHECK(policy.ok()) << policy.status();
  return *std::move(policy);
}

int64_t NumProducts(const v1::NetworkLayer& layer) {
  return layer.has_dense() ? int64_t{layer.rows()} * layer.dense().num_values()
                           : layer.sparse().values_size();
}

std::vector<std::string> Names(
    const google::protobuf::RepeatedPtrField<v1::Channel>& channels) {
  std::vector<std::string> names;
  for (const v1::Channel& channel : channels) names.push_back(channel.name());
  return names;
}

}  // namespace

std::string ToText(const v1::ExportedPolicy& model) {
  const v1::Contract& contract = model.contract();
  const v1::Provenance& from = model.provenance();
  std::vector<std::string> layers;
  for (const v1::NetworkLayer& layer : model.layers()) {
    layers.push_back(
        absl::StrCat(HumanCount(layer.rows()), " x ",
                     absl::AsciiStrToLower(
                         v1::NetworkLayer::Operation_Name(layer.operation())),
                     " of ", HumanCount(NumProducts(layer)), " products"));
  }
  std::string text = absl::StrCat(
      "exported     from ", from.experiment(), ", seed ", from.seed(),
      ", generation ", from.generation(), ", by Starling ",
      from.starling_version(), "\nenvironment  ", contract.environment(),
      ": observes ", contract.observations_size(), " numbers, acts with ",
      contract.actions_size());
  if (contract.control_period_s() > 0) {
    absl::StrAppend(&text, " every ", contract.control_period_s(), " s");
  }
  absl::StrAppend(&text, "\nwhitening    ",
                  model.whitening().mean_size() > 0 ? "yes" : "no",
                  "\nlayers       ", absl::StrJoin(layers, ", "),
                  "\nparameters   ", HumanCount(Load(model).num_parameters()),
                  ", quantisation ", from.quantization(), "\n");
  if (const std::string chosen = ArchitectureOf(model); !chosen.empty()) {
    absl::StrAppend(&text, "architecture ", chosen, "\n");
  }
  absl::StrAppend(&text, "signature    ", from.run_signature(), "\n");
  return text;
}

std::string ArchitectureOf(const v1::ExportedPolicy& model) {
  const v1::Provenance& from = model.provenance();
  if (from.architecture().empty()) return "";
  return absl::StrCat("space: ", from.architecture_space(), " encoding: \"",
                      absl::CEscape(from.architecture()), "\"");
}

JsonObject ToJson(const v1::ExportedPolicy& model) {
  const v1::Contract& contract = model.contract();
  const v1::Provenance& from = model.provenance();
  JsonObject json;
  json.Set("experiment", from.experiment())
      .Set("seed", uint64_t{from.seed()})
      .Set("generation", uint64_t{from.generation()})
      .Set("environment", contract.environment())
      .Set("observations", Names(contract.observations()))
      .Set("actions", Names(contract.actions()))
      .Set("control_period_s", contract.control_period_s())
      .Set("parameters", Load(model).num_parameters())
      .Set("quantize", from.quantization())
      .Set("architecture", ArchitectureOf(model))
      .Set("signature", from.run_signature())
      .Set("starling_version", from.starling_version());
  return json;
}

}  // namespace starling
