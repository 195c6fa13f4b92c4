// What an exported policy is, for people and for scripts.
#ifndef STARLING_DEPLOY_INSPECT_DESCRIBE_EXPORT_H_
#define STARLING_DEPLOY_INSPECT_DESCRIBE_EXPORT_H_

#include <string>

#include "deploy/cli/json.h"
#include "proto/model.pb.h"

namespace starling {

// Some lines, each with its newline. The model passes PortablePolicy::Create.
std::string ToText(const v1::ExportedPolicy& model);
JsonObject ToJson(const v1::ExportedPolicy& model);

// What its search has chosen, as the fields of an experiment's `architecture`;
// "": there was none.
std::string ArchitectureOf(const v1::ExportedPolicy& model);

}  // namespace starling

#endif  // STARLING_DEPLOY_INSPECT_DESCRIBE_EXPORT_H_
