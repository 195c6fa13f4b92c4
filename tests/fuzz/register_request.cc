// How a worker introduces itself, at the aggregator's door.
#include "aggregator/handshake.h"
#include "base/file.h"
#include "base/log.h"
#include "base/protocol.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

v1::EnvSpec Spec() {
  v1::EnvSpec spec;
  spec.set_name("pendulum");
  spec.set_state_size(3);
  spec.set_action_size(1);
  spec.add_action_low(-2);
  spec.add_action_high(2);
  spec.set_max_steps(200);
  return spec;
}

v1::Fingerprint Ours() {
  v1::Fingerprint fingerprint;
  fingerprint.set_mujoco_version("3.17.0");
  fingerprint.set_numbers("n");
  fingerprint.set_physics("p");
  return fingerprint;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::RegisterRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !CheckHandshake(request, Spec(), Ours()).ok()) {
    return false;
  }
  // What is let in is bounded, and as it should be.
  CHECK_LE(request.host().size(), static_cast<size_t>(kMaxStringBytes));
  if (request.has_env_spec()) CHECK_LE(request.slots(), uint32_t{kMaxSlots});
  const std::string serialized = SerializeDeterministically(request);
  v1::RegisterRequest again;
  CHECK(again.ParseFromString(serialized));
  const absl::Status status = CheckHandshake(again, Spec(), Ours());
  CHECK(status.ok()) << status;
  CHECK(SerializeDeterministically(again) == serialized);
  return true;
}

std::vector<std::string> Seeds() {
  v1::RegisterRequest question;
  question.set_protocol_major(kProtocolMajor);
  question.set_host("node7");
  question.set_pid(42);
  v1::RegisterRequest registration = question;
  *registration.mutable_env_spec() = Spec();
  *registration.mutable_fingerprint() = Ours();
  registration.set_slots(4);
  registration.set_previous_session("0123456789abcdef");
  // As large as it may be: what is a little larger is not far.
  v1::RegisterRequest largest = registration;
  largest.set_host(std::string(kMaxStringBytes, 'h'));
  largest.set_slots(kMaxSlots);
  largest.set_previous_session(std::string(kMaxStringBytes, 's'));
  return {SerializeDeterministically(question),
          SerializeDeterministically(registration),
          SerializeDeterministically(largest)};
}

}  // namespace starling
