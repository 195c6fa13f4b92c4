// A private certificate authority for one cluster, in a folder:
//
//   ca.crt, ca.key                             the authority
//   worker.token, operator.token, viewer.token the cluster's roles
//
// and the folders that it makes for members (base/tls_folder.h). Nothing here
// needs a network. Folders appear whole or not at all, and none is ever
// overwritten. Folders have mode 0700, keys and tokens 0600, the rest 0644.
//
// Stateless, thread-safe. Errors of all: AlreadyExists: the folder is there and
// not empty; NotFound, PermissionDenied, ResourceExhausted: files.
#ifndef STARLING_DEPLOY_CERTS_AUTHORITY_H_
#define STARLING_DEPLOY_CERTS_AUTHORITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/role.h"

namespace starling {

inline constexpr int kDefaultDays = 90;
// As long as the authority lives.
inline constexpr int kMaxDays = 3650;

// A new authority in `folder`, valid for ten years from `now`.
absl::Status CreateAuthority(const std::string& folder, absl::Time now);

// For whom a folder is made.
struct Member {
  // The aggregator's hosts, as workers call them; empty for other members.
  std::vector<std::string> hosts;
  // Of other members.
  Role role = Role::kWorker;
};

// A member's folder `out`, with a certificate valid for `days` from a day
// before `now`: clocks differ. FailedPrecondition: the authority is damaged or
// ends earlier; InvalidArgument: a host that can be none.
absl::Status CreateMember(const std::string& authority, const Member& member,
                          int days, const std::string& out, absl::Time now);

}  // namespace starling

#endif  // STARLING_DEPLOY_CERTS_AUTHORITY_H_
