#include "workers/probable_causes.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/tls_folder.h"

namespace starling {
namespace {

// Of a connection that was made, and ended before the first word.
std::string AfterTlsFailure(absl::string_view reason, const ContactWay& way) {
  const absl::Status own =
      LoadTlsFolder(way.tls_folder, TlsSide::kMember, absl::Now()).status();
  if (!own.ok()) return absl::StrCat(own.message(), ".");
  if (absl::StrContains(reason, "Hostname Verification")) {
    return absl::StrCat(
        "its certificate is for another host: reach it by a name that it has, "
        "or make it one with `starling certs server --host ",
        way.address.substr(0, way.address.rfind(':')), "`.");
  }
  if (absl::StrContains(reason, "certificate verify failed")) {
    return absl::StrCat(
        "its certificate is not from the authority in ", way.tls_folder,
        "/ca.crt, or has expired, or a clock is wrong: check both TLS folders "
        "with `starling doctor --tls`.");
  }
  if (absl::StrContains(reason, "wrong version number")) {
    return "it speaks plain text, and this worker TLS: start the aggregator "
           "with --tls, too, or this worker without it.";
  }
  if (absl::StrContains(reason, "ocket closed") ||
      absl::StrContains(reason, "onnection reset") ||
      absl::StrContains(reason, "andshake")) {
    return absl::StrCat(
        "it ended the connection: it may not trust this worker's certificate, "
        "being of another authority, or a clock may be wrong; check both TLS "
        "folders with `starling doctor --tls`, and see its log.");
  }
  return "";
}

}  // namespace

std::string ProbableCauses(absl::string_view reason, const ContactWay& way) {
  const bool is_network = !absl::StartsWith(way.address, "unix:");
  if (is_network && !way.tls_folder.empty()) {
    const std::string causes = AfterTlsFailure(reason, way);
    if (!causes.empty()) return causes;
  }
  if (is_network && way.tls_folder.empty() &&
      absl::StrContains(reason, "ocket closed")) {
    return "it may want TLS, or be no aggregator: if it was started with "
           "--tls, start this worker with --tls and a folder that `starling "
           "certs worker` makes.";
  }
  const std::string file =
      way.endpoint_file.empty()
          ? ""
          : absl::StrCat(" ", way.endpoint_file,
                         " may be left from a run that has ended.");
  return absl::StrCat(
      "is it running, is the address right, does a firewall stand between?",
      file);
}

}  // namespace starling
