// The contract of an export as JSON, for whoever wires it to a robot.
#ifndef STARLING_DEPLOY_EXPORT_CONTRACT_JSON_H_
#define STARLING_DEPLOY_EXPORT_CONTRACT_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/model.pb.h"

namespace starling {

// The text of policy_contract.json: a ContractFile.
absl::StatusOr<std::string> ContractJson(const v1::ExportedPolicy& model);

// The JSON Schema that it keeps to, policy_contract.schema.json.
extern const char kContractSchema[];

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_CONTRACT_JSON_H_
