// The flag --tls of verbs that talk to an aggregator.
#ifndef STARLING_DEPLOY_CLI_TLS_FLAG_H_
#define STARLING_DEPLOY_CLI_TLS_FLAG_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/channel.h"
#include "proto/run.pb.h"

namespace CLI {
class App;
}

namespace starling {

class TlsFlag {
 public:
  void Declare(CLI::App& app);
  // "" if the flag is absent.
  const std::string& folder() const { return folder_; }

  // What to show at `endpoint` (for ConnectToAggregator): null for a Unix
  // socket and for plain text. FailedPrecondition if the endpoint says that one
  // side would use TLS alone; and the errors of LoadTlsFolder.
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(
      const v1::RunEndpoint& endpoint) const;

 private:
  std::string folder_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_TLS_FLAG_H_
