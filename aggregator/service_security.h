// The service's side of TLS folders: what it listens with, and the check of
// each call's token. Keeps gRPC's types away from access.h.
#ifndef STARLING_AGGREGATOR_SERVICE_SECURITY_H_
#define STARLING_AGGREGATOR_SERVICE_SECURITY_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_context.h>

#include <memory>

#include "absl/status/status.h"
#include "aggregator/access.h"
#include "base/tls_folder.h"

namespace starling {

// TLS 1.2 or later; the other side must show a certificate of the authority.
// Files that are replaced serve new connections within
// kCertificateRefreshSeconds.
std::shared_ptr<grpc::ServerCredentials> AggregatorCredentials(
    const TlsFolder& folder);

// Whether the caller may do what `needed` may: the first line of every handler.
// Thread-safe; see Access::Check.
absl::Status CheckCaller(Access& access, const grpc::ServerContextBase& call,
                         Role needed);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SERVICE_SECURITY_H_
