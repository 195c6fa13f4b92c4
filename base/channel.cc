#include "base/channel.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "base/grpc_log.h"
#include "base/grpc_setup.h"
#include "base/handover.h"
#include "base/protocol.h"

namespace starling {
namespace {

// Adds the token to each call; gRPC sends it over TLS only.
class Bearer : public grpc::MetadataCredentialsPlugin {
 public:
  explicit Bearer(const std::string& token) : value_("Bearer " + token) {
    HandOver(this);
  }
  ~Bearer() override { TakeOver(this); }
  bool IsBlocking() const override { return false; }
  const char* GetType() const override { return "bearer"; }
  grpc::Status GetMetadata(
      grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
      std::multimap<grpc::string, grpc::string>* metadata) override {
    TakeOver(this);
    metadata->emplace("authorization", value_);
    HandOver(this);
    return grpc::Status::OK;
  }
  grpc::string DebugString() override { return "bearer"; }

 private:
  const std::string value_;
};

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> MemberCredentials(
    const TlsFolder& folder) {
  RouteGrpcLog();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          folder.key, folder.certificate, folder.ca,
          kCertificateRefreshSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  std::shared_ptr<grpc::ChannelCredentials> credentials =
      grpc::experimental::TlsCredentials(options);
  if (folder.tokens.empty()) return credentials;
  return grpc::CompositeChannelCredentials(
      credentials, grpc::MetadataCredentialsFromPlugin(std::make_unique<Bearer>(
                       folder.tokens.begin()->second)));
}

std::shared_ptr<grpc::Channel> ConnectToAggregator(
    const std::string& address,
    std::shared_ptr<grpc::ChannelCredentials> credentials) {
  RouteGrpcLog();
  SetUpGrpc();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kWorkerMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kAggregatorMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  // A connection of its own, also where one process holds several workers.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (credentials == nullptr || absl::StartsWith(address, "unix:")) {
    credentials = grpc::InsecureChannelCredentials();
  }
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace starling
