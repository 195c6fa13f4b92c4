#include "deploy/export/contract_json.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace starling {

absl::StatusOr<std::string> ContractJson(const v1::ExportedPolicy& model) {
  v1::ContractFile file;
  file.set_format_version(1);
  *file.mutable_contract() = model.contract();
  if (model.whitening().mean_size() > 0)
    file.add_baked_in("normalisation of observations");
  file.add_baked_in(model.contract().num_choices() > 0
                        ? "choice of the best action"
                        : "scaling and bounds of actions");
  file.add_observation_shape(
      static_cast<uint32_t>(model.contract().observations_size()));
  file.add_action_shape(static_cast<uint32_t>(model.contract().actions_size()));
  *file.mutable_provenance() = model.provenance();
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(file, &json, options);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat("contract: ", status.ToString()));
  }
  return json;
}

const char kContractSchema[] =
#include "deploy/export/policy_contract.schema.inc"
    ;

}  // namespace starling
