// Channels to an aggregator: with the project's keepalive, limits, reconnection
// and, where a TLS folder is given, its certificate and token.
//
// Thread-safe.
#ifndef STARLING_BASE_CHANNEL_H_
#define STARLING_BASE_CHANNEL_H_

#include <memory>
#include <string>

#include "base/tls_folder.h"

namespace grpc {
class Channel;
class ChannelCredentials;
}  // namespace grpc

namespace starling {

// What a member shows: its certificate, and its token with every call. The
// aggregator's certificate must be the authority's and name the host of the
// address. Files that are replaced serve new connections within
// kCertificateRefreshSeconds; a new token needs a new process. Costs a thread,
// so channels to one aggregator share one.
std::shared_ptr<grpc::ChannelCredentials> MemberCredentials(
    const TlsFolder& folder);

// A channel to "unix:PATH" or "HOST:PORT" that connects when it is first
// needed. Unix sockets are plain text always, other addresses without
// credentials.
std::shared_ptr<grpc::Channel> ConnectToAggregator(
    const std::string& address,
    std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr);

}  // namespace starling

#endif  // STARLING_BASE_CHANNEL_H_
