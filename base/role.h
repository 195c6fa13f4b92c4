// What a caller of an aggregator may do, as the token says that it shows.
//
//   viewer    looks at the run
//   worker    takes units and answers results
//   operator  steers the run, and looks at it
#ifndef STARLING_BASE_ROLE_H_
#define STARLING_BASE_ROLE_H_

#include <string>

namespace starling {

enum class Role { kViewer, kWorker, kOperator };

inline constexpr Role kRoles[] = {Role::kViewer, Role::kWorker,
                                  Role::kOperator};

// "viewer", as on the command line and in names of files.
inline const char* RoleName(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kWorker:
      return "worker";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

// Whether a token of `role` serves for what needs `needed`.
inline bool MayAct(Role role, Role needed) {
  return role == needed || (role == Role::kOperator && needed == Role::kViewer);
}

// The file in a TLS folder that holds the token of a role: "worker.token".
inline std::string TokenFile(Role role) {
  return std::string(RoleName(role)) + ".token";
}

}  // namespace starling

#endif  // STARLING_BASE_ROLE_H_
