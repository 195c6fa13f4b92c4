// The folder with all that one member of a cluster needs to prove who it is,
// and to know the others: what `--tls FOLDER` names.
//
//   ca.crt          the authority that both sides trust (several in a row while
//                   one replaces another)
//   member.crt      this member's certificate
//   member.key      its private key, readable by its owner alone
//   ROLE.token      a member's one role: worker, operator or viewer; the
//                   aggregator has all three, to compare
//
// Read once, at start; certificates are read again by the connections (see
// kCertificateRefreshSeconds). Stateless, thread-safe; costs a millisecond.
#ifndef STARLING_BASE_TLS_FOLDER_H_
#define STARLING_BASE_TLS_FOLDER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/role.h"

namespace starling {

// How often both ends look whether their certificates were replaced.
inline constexpr int kCertificateRefreshSeconds = 5;
// Digits of a token: 256 random bits.
inline constexpr size_t kTokenDigits = 64;

struct TlsFolder {
  // As given, and paths of the files within.
  std::string folder, ca, certificate, key;
  // Of the certificate: host names, addresses, URIs.
  std::vector<std::string> names;
  absl::Time not_before, not_after;
  // Secret: never to be logged or put into a message.
  std::map<Role, std::string> tokens;
};

enum class TlsSide { kAggregator, kMember };

// Reads and checks a folder as `side` needs it, at the time `now`. The key must
// belong to the certificate, the certificate to the authority and be valid now
// and for that side's end of a connection.
//
// Every message names the file and how to mend it. NotFound: a file or the
// folder is not there; PermissionDenied: it can't be read, or others can read
// what is secret; FailedPrecondition: it does not do.
absl::StatusOr<TlsFolder> LoadTlsFolder(const std::string& folder, TlsSide side,
                                        absl::Time now);

// For people: "2026-11-26 08:30:00 UTC".
std::string DescribeTime(absl::Time time);

}  // namespace starling

#endif  // STARLING_BASE_TLS_FOLDER_H_
