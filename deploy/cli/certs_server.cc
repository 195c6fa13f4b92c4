// `starling certs server`: the TLS folder of an aggregator's host.
#include <iostream>

#include "absl/time/clock.h"
#include "base/status.h"
#include "deploy/certs/authority.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class CertsServer : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositional(app, "DIR", &authority_,
                  "the authority, made by `starling certs init`");
    AddRepeated(app, "--host", &member_.hosts, "NAME|IP",
                "a name or address by which workers reach it; repeatable")
        ->required();
    AddInteger(app, "--days", &days_, 1, kMaxDays, "until it expires");
    AddText(app, "--out", &out_, "FOLDER",
            "a new folder (default: DIR/server)");
  }

  absl::Status Run() override {
    if (out_.empty()) out_ = authority_ + "/server";
    RETURN_IF_ERROR(
        CreateMember(authority_, member_, days_, out_, absl::Now()));
    std::cout << out_ << std::endl;
    return absl::OkStatus();
  }

 private:
  std::string authority_, out_;
  Member member_;
  int days_ = kDefaultDays;
};

STARLING_REGISTER_VERB(
    certs_server, CertsServer,
    {"certs server",
     VerbGroup::kCluster,
     "Makes the folder with which an aggregator proves who it is.",
     {"starling certs server ca --host node1 --host 10.0.0.1",
      "starling certs server ca --host localhost --host 127.0.0.1 --out "
      "tls/aggregator"}});

}  // namespace
}  // namespace starling
