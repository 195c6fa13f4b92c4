// `starling aggregator`: the aggregator alone, for a cluster.

#include "deploy/cli/run_flags.h"

namespace starling {
namespace {

class Aggregator : public Verb {
 public:
  void Declare(CLI::App& app) override {
    flags_.Declare(app);
    AddRepeated(app, "--listen", &listen_, "ADDR",
                "HOST:PORT (port 0: any free one) or unix:PATH; repeatable")
        ->required();
    AddText(app, "--tls", &tls_folder_, "FOLDER",
            "certificate and tokens, made by `starling certs server`; every "
            "TCP address then wants them");
    app.add_flag("--insecure_network", insecure_network_,
                 "allow addresses that other hosts reach, unencrypted and "
                 "without authentication");
  }

  absl::Status Run() override {
    RunOptions options;
    ASSIGN_OR_RETURN(options, flags_.ToOptions());
    options.listen = listen_;
    options.insecure_network = insecure_network_;
    options.tls_folder = tls_folder_;
    RETURN_IF_ERROR(RunAggregator(options));
    std::cout << options.directory << std::endl;
    return absl::OkStatus();
  }

 private:
  RunFlags flags_;
  std::vector<std::string> listen_;
  bool insecure_network_ = false;
  std::string tls_folder_;
};

STARLING_REGISTER_VERB(
    aggregator, Aggregator,
    {"aggregator",
     VerbGroup::kCluster,
     "Runs an experiment for workers that are started elsewhere.",
     {"starling aggregator deploy/experiments/swimmer_ars.textproto --listen "
      "127.0.0.1:7070 --run runs/swimmer",
      "starling aggregator deploy/experiments/swimmer_ars.textproto --listen "
      "unix:/tmp/swimmer.sock"}});

}  // namespace
}  // namespace starling
