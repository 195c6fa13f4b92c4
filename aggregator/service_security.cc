#include "aggregator/service_security.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <string>

#include "absl/strings/string_view.h"

namespace starling {

std::shared_ptr<grpc::ServerCredentials> AggregatorCredentials(
    const TlsFolder& folder) {
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          folder.key, folder.certificate, folder.ca,
          kCertificateRefreshSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

absl::Status CheckCaller(Access& access, const grpc::ServerContextBase& call,
                         Role needed) {
  if (!access.asks_for_tokens()) return absl::OkStatus();
  const auto& metadata = call.client_metadata();
  const auto entry = metadata.find("authorization");
  const absl::string_view authorization =
      entry == metadata.end()
          ? absl::string_view()
          : absl::string_view(entry->second.data(), entry->second.size());
  return access.Check(call.peer(), authorization, needed);
}

}  // namespace starling
