#include "aggregator/handshake.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/protocol.h"
#include "google/protobuf/util/message_differencer.h"

namespace starling {
namespace {

// It travels in the trailer of a call, which is small.
constexpr size_t kMaxDifferenceBytes = 1000;

std::string Differences(const v1::EnvSpec& here, const v1::EnvSpec& there) {
  google::protobuf::util::MessageDifferencer differencer;
  std::string text;
  differencer.ReportDifferencesToString(&text);
  differencer.Compare(here, there);
  if (text.size() > kMaxDifferenceBytes) {
    text.resize(kMaxDifferenceBytes);
    text += " ..";
  }
  return absl::StrReplaceAll(text, {{"\n", "; "}});
}

absl::Status Refuse(const char* what, const std::string& a, const char* here,
                    const std::string& b, const char* there,
                    const char* remedy) {
  return absl::FailedPreconditionError(
      absl::StrCat(what, " differs: ", here, " has \"", a, "\", ", there,
                   " has \"", b, "\"; ", remedy));
}

}  // namespace

absl::Status CompareFingerprints(const v1::Fingerprint& a, const char* here,
                                 const v1::Fingerprint& b, const char* there) {
  if (a.mujoco_version() != b.mujoco_version()) {
    return Refuse("the MuJoCo version", a.mujoco_version(), here,
                  b.mujoco_version(), there, "install the same on both sides");
  }
  if (a.numbers() != b.numbers()) {
    return Refuse("the fingerprint of random numbers and float kernels",
                  a.numbers(), here, b.numbers(), there,
                  "use the same build of Starling on both sides");
  }
  if (a.physics() != b.physics()) {
    return Refuse("the fingerprint of the physics (a fixed rollout)",
                  a.physics(), here, b.physics(), there,
                  "use the same build, C library and kind of CPU on both "
                  "sides");
  }
  return absl::OkStatus();
}

absl::Status CheckHandshake(const v1::RegisterRequest& request,
                            const v1::EnvSpec& env_spec,
                            const v1::Fingerprint& fingerprint) {
  if (request.protocol_major() != kProtocolMajor) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the protocol differs: the worker speaks ", request.protocol_major(),
        ".", request.protocol_minor(), ", the aggregator ", kProtocolMajor, ".",
        kProtocolMinor, "; use the same version of Starling on both sides"));
  }
  if (request.host().size() > kMaxStringBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("host has ", request.host().size(), " bytes, at most ",
                     kMaxStringBytes, " are allowed"));
  }
  if (!request.name().empty() && !IsPlainName(request.name())) {
    return absl::InvalidArgumentError(
        absl::StrCat("the worker's name must be 1 to ", kMaxNameBytes,
                     " of [A-Za-z0-9._-], it has ", request.name().size(),
                     " bytes; choose another with --name"));
  }
  if (!request.has_env_spec()) return absl::OkStatus();
  if (request.slots() < 1 || request.slots() > kMaxSlots) {
    return absl::InvalidArgumentError(absl::StrCat(
        "slots must be in [1, ", kMaxSlots, "], got ", request.slots()));
  }
  if (SerializeDeterministically(request.env_spec()) !=
      SerializeDeterministically(env_spec)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the environment differs (aggregator -> worker): ",
                     Differences(env_spec, request.env_spec()),
                     "use the same build and model files on both sides"));
  }
  return CompareFingerprints(fingerprint, "the aggregator",
                             request.fingerprint(), "the worker");
}

}  // namespace starling
