// Who is connected to this host's TCP ports, from the kernel's tables: gRPC
// names a peer only once its handshake was good.
//
// Stateless, thread-safe; some milliseconds with a thousand connections.
#ifndef STARLING_AGGREGATOR_TCP_PEERS_H_
#define STARLING_AGGREGATOR_TCP_PEERS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace starling {

// The far ends of all connections to `ports`, as gRPC names them:
// "ipv4:10.0.0.7:4711", "ipv6:%5Bfe80::1%5D:4711".
std::vector<std::string> TcpPeers(const std::set<int>& ports);

// The same from the text of /proc/net/tcp or /proc/net/tcp6. Lines that are
// none are skipped.
std::vector<std::string> PeersInTable(absl::string_view table,
                                      const std::set<int>& ports);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_TCP_PEERS_H_
