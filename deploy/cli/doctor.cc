// starling doctor: has this machine what Starling needs?
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"
#include "deploy/doctor/checks.h"

namespace starling {
namespace {

class Doctor : public Verb {
 public:
  void Declare(CLI::App& app) override {
    app.add_flag("--json", json_, "Prints one JSON object.");
    AddText(app, "--tls", &tls_folder_, "FOLDER",
            "also checks a folder that `starling certs` made");
  }

  absl::Status Run() override {
    std::vector<JsonObject> rows;
    std::vector<std::string> failed;
    std::vector<Check> checks = AllChecks(".");
    if (!tls_folder_.empty()) {
      checks.push_back({"tls", [this] { return CheckTls(tls_folder_); }});
    }
    for (const Check& check : checks) {
      const CheckResult result = check.run();
      if (!result.ok) failed.push_back(check.name);
      rows.emplace_back();
      rows.back()
          .Set("name", check.name)
          .Set("ok", result.ok)
          .Set("detail", result.detail)
          .Set("fix", result.fix);
      if (!json_) Print(check.name, result);
    }
    if (json_) {
      std::cout << JsonObject().Set("checks", rows).text() << "\n";
    }
    if (failed.empty()) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat(failed.size(), failed.size() == 1 ? " check" : " checks",
                     " failed: ", absl::StrJoin(failed, ", ")));
  }

 private:
  static void Print(const std::string& name, const CheckResult& result) {
    std::cout << absl::StrFormat("%-6s %-12s %s\n", result.ok ? "ok" : "FAILED",
                                 name, result.detail);
    if (!result.ok) std::cout << "       to mend it: " << result.fix << "\n";
    std::cout.flush();
  }

  bool json_ = false;
  std::string tls_folder_;
};

STARLING_REGISTER_VERB(doctor, Doctor,
                       {"doctor",
                        VerbGroup::kMachine,
                        "Checks that this machine has all that is needed.",
                        {"starling doctor", "starling doctor --json"}});

}  // namespace
}  // namespace starling
