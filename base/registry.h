// Plug-ins by the name of the configuration field that is set.
//
//   using EnvRegistry = Registry<Env, v1::EnvConfig>;
//   // in pendulum.cc, nowhere else:
//   STARLING_REGISTER_ENV(pendulum, [](const v1::EnvConfig& config) { .. });
//   // anywhere:
//   ASSIGN_OR_RETURN(std::unique_ptr<Env> env, EnvRegistry::Make(config));
//
// The configuration message has one oneof, `kind`; the field that is set is the
// plug-in's name, so the options are type-checked text. Registration happens
// before main; afterwards the registry is read-only and thread-safe.
#ifndef STARLING_BASE_REGISTRY_H_
#define STARLING_BASE_REGISTRY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/nearest.h"

namespace starling {

template <typename Product, typename Config, typename... Args>
class Registry {
 public:
  using Factory = std::function<absl::StatusOr<std::unique_ptr<Product>>(
      const Config&, Args...)>;

  // Builds what `config` names. InvalidArgument: nothing is named; NotFound:
  // the kind is declared but not linked in (lists what is).
  static absl::StatusOr<std::unique_ptr<Product>> Make(const Config& config,
                                                       Args... args) {
    const std::string kind = KindOf(config);
    if (kind.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("no kind is set in ", Config::descriptor()->name(),
                       "; known: ", absl::StrJoin(Names(), ", ")));
    }
    const auto found = factories().find(kind);
    if (found == factories().end()) {
      return absl::NotFoundError(
          absl::StrCat(kind, " is not linked into this program; linked: ",
                       absl::StrJoin(Names(), ", ")));
    }
    return found->second(config, std::forward<Args>(args)...);
  }

  // Name of the field that is set, or "".
  static std::string KindOf(const Config& config) {
    const auto* oneof = Config::descriptor()->FindOneofByName("kind");
    const auto* field =
        config.GetReflection()->GetOneofFieldDescriptor(config, oneof);
    return field == nullptr ? "" : field->name();
  }

  // A configuration of the kind `name` with all options at their defaults.
  // InvalidArgument, with the nearest name, if
  // there is no such kind.
  static absl::StatusOr<Config> Default(const std::string& name) {
    const auto* field = Config::descriptor()->FindFieldByName(name);
    if (field == nullptr || field->containing_oneof() == nullptr) {
      const std::string nearest = Nearest(name, Names());
      return absl::InvalidArgumentError(absl::StrCat(
          "there is no ", name,
          nearest.empty() ? "." : absl::StrCat("; did you mean ", nearest, "?"),
          " Known: ", absl::StrJoin(Names(), ", ")));
    }
    Config config;
    config.GetReflection()->MutableMessage(&config, field);
    return config;
  }

  // Of all plug-ins that are linked in, sorted.
  static std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& [name, factory] : factories()) names.push_back(name);
    return names;
  }

  // For the macros only. CHECK-fails on a second plug-in of the same name and
  // on a name without a field.
  static bool Register(const std::string& name, Factory factory) {
    const auto* field = Config::descriptor()->FindFieldByName(name);
    CHECK(field != nullptr && field->containing_oneof() != nullptr)
        << Config::descriptor()->name() << ".kind has no field " << name;
    CHECK(factories().emplace(name, std::move(factory)).second)
        << name << " is registered twice";
    return true;
  }

 private:
  static std::map<std::string, Factory>& factories() {
    static auto* map = new std::map<std::string, Factory>;
    return *map;
  }
};

}  // namespace starling

#endif  // STARLING_BASE_REGISTRY_H_
