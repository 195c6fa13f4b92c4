// Keys and certificates in PEM form: an authority of one's own, and what it
// signs. ECDSA on P-256 throughout.
//
// Stateless, thread-safe; a millisecond each.
#ifndef STARLING_DEPLOY_CERTS_X509_H_
#define STARLING_DEPLOY_CERTS_X509_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace starling {

// A certificate and the key that it is about.
struct Identity {
  std::string certificate, key;
};

struct Validity {
  absl::Time begin, end;
};

// A new authority, self-signed, that may sign members but no further
// authorities.
absl::StatusOr<Identity> MakeAuthority(const std::string& name,
                                       const Validity& validity);

struct LeafRequest {
  // For people, at most 64 bytes.
  std::string name;
  // What it is checked for: host names, IPv4 and IPv6 addresses, or URIs with
  // their scheme ("urn:.."). At least one.
  std::vector<std::string> alternative_names;
  // May serve, or else call; never both, so that a worker's stolen key makes no
  // false aggregator.
  bool is_server = false;
  Validity validity;
};

// A new member of `authority`. InvalidArgument: a name that can be none;
// FailedPrecondition: the authority can't be read, its key is another's, or it
// ends before the member would.
absl::StatusOr<Identity> IssueLeaf(const Identity& authority,
                                   const LeafRequest& request);

// InvalidArgument unless `host` is a DNS name (or "*.name") or an address.
absl::Status CheckHost(const std::string& host);

}  // namespace starling

#endif  // STARLING_DEPLOY_CERTS_X509_H_
