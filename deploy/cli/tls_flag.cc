#include "deploy/cli/tls_flag.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "base/tls_folder.h"
#include "deploy/cli/flags.h"

namespace starling {

void TlsFlag::Declare(CLI::App& app) {
  AddText(app, "--tls", &folder_, "FOLDER",
          "certificate and token, made by `starling certs worker`");
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsFlag::Credentials(
    const v1::RunEndpoint& endpoint) const {
  if (absl::StartsWith(endpoint.address(), "unix:")) return nullptr;
  if (folder_.empty()) {
    if (!endpoint.tls()) return nullptr;
    return absl::FailedPreconditionError(absl::StrCat(
        "the aggregator at ", endpoint.address(),
        " wants TLS: start with --tls and a folder that `starling certs "
        "worker` makes"));
  }
  if (endpoint.has_tls() && !endpoint.tls()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the aggregator at ", endpoint.address(),
        " speaks plain text, and --tls asks for more: start the aggregator "
        "with --tls, too, or leave it out here"));
  }
  ASSIGN_OR_RETURN(const TlsFolder folder,
                   LoadTlsFolder(folder_, TlsSide::kMember, absl::Now()));
  return MemberCredentials(folder);
}

}  // namespace starling
