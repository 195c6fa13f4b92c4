// The files of a TLS folder.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/tls_folder.h"
#include "deploy/doctor/checks.h"

namespace starling {
namespace {

constexpr double kRenewDays = 14;

}  // namespace

CheckResult CheckTls(const std::string& folder) {
  // Only an aggregator has an operator's and a worker's token.
  const bool is_server =
      FileExists(folder + "/" + TokenFile(Role::kOperator)) &&
      FileExists(folder + "/" + TokenFile(Role::kWorker));
  const absl::Time now = absl::Now();
  const absl::StatusOr<TlsFolder> loaded = LoadTlsFolder(
      folder, is_server ? TlsSide::kAggregator : TlsSide::kMember, now);
  if (!loaded.ok()) {
    return {false,
            absl::StrReplaceAll(absl::string_view(loaded.status().message()),
                                {{"\n", " "}}),
            "see deploy/certs/README.md; `starling certs` makes a new folder"};
  }
  const double days =
      absl::FDivDuration(loaded->not_after - now, absl::Hours(24));
  return {true,
          absl::StrCat(
              folder, is_server ? " of an aggregator, " : " of a member, ",
              absl::StrJoin(loaded->names, ", "),
              absl::StrFormat(", %.0f days left", days),
              days < kRenewDays ? ": renew it soon with `starling certs`" : ""),
          ""};
}

}  // namespace starling
