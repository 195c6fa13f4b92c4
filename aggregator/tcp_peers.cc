#include "aggregator/tcp_peers.h"

#include <arpa/inet.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"

namespace starling {
namespace {

// Connections that are open at this end: established, or left by the far end.
constexpr absl::string_view kEstablished = "01", kCloseWait = "08";

// "0100007F:1F90": an address in words as the machine stores them, and a port.
struct Endpoint {
  std::vector<uint32_t> words;
  int port = 0;
};

bool ParseEndpoint(absl::string_view text, Endpoint* endpoint) {
  const size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return false;
  for (size_t i = 0; i < colon; i += 8) {
    uint32_t word = 0;
    if (!absl::SimpleHexAtoi(text.substr(i, 8), &word)) return false;
    endpoint->words.push_back(word);
  }
  return absl::SimpleHexAtoi(text.substr(colon + 1), &endpoint->port);
}

std::string NameOf(const Endpoint& endpoint) {
  // An IPv4 address in an IPv6 socket.
  const bool is_mapped = endpoint.words.size() == 4 && endpoint.words[0] == 0 &&
                         endpoint.words[1] == 0 &&
                         ntohl(endpoint.words[2]) == 0xffff;
  char text[INET6_ADDRSTRLEN] = "";
  if (endpoint.words.size() == 1 || is_mapped) {
    inet_ntop(AF_INET, &endpoint.words.back(), text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", endpoint.port);
  }
  inet_ntop(AF_INET6, endpoint.words.data(), text, sizeof(text));
  return absl::StrCat("ipv6:%5B", text, "%5D:", endpoint.port);
}

}  // namespace

std::vector<std::string> PeersInTable(absl::string_view table,
                                      const std::set<int>& ports) {
  std::vector<std::string> peers;
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    // Number, near end, far end, state.
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    Endpoint near, far;
    if (words.size() < 4 || !ParseEndpoint(words[1], &near) ||
        !ParseEndpoint(words[2], &far)) {
      continue;
    }
    if (ports.count(near.port) > 0 &&
        (words[3] == kEstablished || words[3] == kCloseWait)) {
      peers.push_back(NameOf(far));
    }
  }
  return peers;
}

std::vector<std::string> TcpPeers(const std::set<int>& ports) {
  std::vector<std::string> peers;
  for (const char* path : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    const absl::StatusOr<std::string> table = ReadFile(path);
    if (!table.ok()) continue;
    for (std::string& peer : PeersInTable(*table, ports)) {
      peers.push_back(std::move(peer));
    }
  }
  return peers;
}

}  // namespace starling
