#include "deploy/cli/verb.h"

#include <map>
#include <utility>

#include "base/log.h"

namespace starling {
namespace {

std::map<std::pair<VerbGroup, std::string>, VerbInfo>& Table() {
  static auto* table =
      new std::map<std::pair<VerbGroup, std::string>, VerbInfo>;
  return *table;
}

}  // namespace

std::vector<VerbInfo> Verbs() {
  std::vector<VerbInfo> verbs;
  for (const auto& [key, info] : Table()) verbs.push_back(info);
  return verbs;
}

bool RegisterVerb(VerbInfo info, std::function<std::unique_ptr<Verb>()> make) {
  info.make = std::move(make);
  const auto key = std::make_pair(info.group, info.name);
  CHECK(Table().emplace(key, std::move(info)).second)
      << "the verb " << key.second << " is registered twice";
  return true;
}

}  // namespace starling
