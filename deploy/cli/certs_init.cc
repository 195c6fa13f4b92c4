// `starling certs init`: a private certificate authority for one cluster.
#include <iostream>

#include "absl/time/clock.h"
#include "base/status.h"
#include "deploy/certs/authority.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class CertsInit : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositional(app, "DIR", &folder_, "a new folder; keep it from others");
  }

  absl::Status Run() override {
    RETURN_IF_ERROR(CreateAuthority(folder_, absl::Now()));
    std::cout << folder_ << std::endl;
    return absl::OkStatus();
  }

 private:
  std::string folder_;
};

STARLING_REGISTER_VERB(
    certs_init, CertsInit,
    {"certs init",
     VerbGroup::kCluster,
     "Makes a private certificate authority and tokens for a cluster.",
     {"starling certs init ca", "starling certs init lab/ca"}});

}  // namespace
}  // namespace starling
