// `starling certs worker`: the TLS folder of a worker, an operator or a viewer.
#include <iostream>

#include "absl/time/clock.h"
#include "base/status.h"
#include "deploy/certs/authority.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class CertsWorker : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositional(app, "DIR", &authority_,
                  "the authority, made by `starling certs init`");
    AddChoice(app, "--role", &role_, {"worker", "operator", "viewer"},
              "what its token allows: to compute, to steer runs, to look");
    AddInteger(app, "--days", &days_, 1, kMaxDays, "until it expires");
    AddText(app, "--out", &out_, "FOLDER",
            "a new folder (default: DIR and the role)");
  }

  absl::Status Run() override {
    Member member;
    for (const Role role : kRoles) {
      if (role_ == RoleName(role)) member.role = role;
    }
    if (out_.empty()) out_ = authority_ + "/" + role_;
    RETURN_IF_ERROR(CreateMember(authority_, member, days_, out_, absl::Now()));
    std::cout << out_ << std::endl;
    return absl::OkStatus();
  }

 private:
  std::string authority_, out_;
  std::string role_ = "worker";
  int days_ = kDefaultDays;
};

STARLING_REGISTER_VERB(
    certs_worker, CertsWorker,
    {"certs worker",
     VerbGroup::kCluster,
     "Makes the folder with which workers, operators or viewers do so.",
     {"starling certs worker ca --out tls/worker",
      "starling certs worker ca --role operator --days 30"}});

}  // namespace
}  // namespace starling
