// The instructions and the numbers that every run's bits depend on.
#include <string>

#include "absl/strings/str_cat.h"
#include "base/cpu.h"
#include "base/rng.h"
#include "deploy/doctor/checks.h"
#include "workers/fingerprint.h"

namespace starling {
namespace {

// Fingerprint.numbers of every machine of the target; moves only when a random
// number or a float kernel moves, and then every run's bits do.
constexpr char kNumbers[] =
    "5164556ad84cc8d823df784da552fa1a99f86e7ac0b3f5274ced29d8d0d7dfe3";
// The engine that Starling is built for and its figures hold for.
constexpr char kMujocoVersion[] = "3.17.0";

struct KnownAnswer {
  PhiloxBlock counter;
  uint64_t key;
  PhiloxBlock answer;
};

// Philox4x32-10 in kat_vectors of the Random123 distribution.
constexpr KnownAnswer kKnownAnswers[] = {
    {{0, 0, 0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     0xffffffffffffffff,
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     0x299f31d0a4093822,
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

absl::StatusOr<v1::Fingerprint> HalfCheetahFingerprint() {
  v1::Experiment experiment;
  experiment.mutable_env()->mutable_half_cheetah();
  return ComputeFingerprint(experiment);
}

}  // namespace

CheckResult CheckCpuIsa() {
  const absl::Status status = CheckCpu();
  if (status.ok()) return {true, "has the instructions of x86-64-v3", ""};
  return {false, std::string(status.message()),
          "use an Intel Haswell, AMD Excavator or later; in a virtual machine, "
          "pass the host's CPU model through"};
}

CheckResult CheckNumbers() {
  constexpr char kFix[] =
      "build with the compiler flags of .bazelrc and nothing else; do not let "
      "this machine join a run until this check passes";
  for (const KnownAnswer& known : kKnownAnswers) {
    if (Philox(known.counter, known.key) != known.answer) {
      return {false, "Philox4x32-10 misses a published vector", kFix};
    }
  }
  const absl::StatusOr<v1::Fingerprint> found = HalfCheetahFingerprint();
  if (!found.ok()) return {false, std::string(found.status().message()), kFix};
  if (found->numbers() != kNumbers) {
    return {false,
            absl::StrCat("random numbers and float kernels hash to ",
                         found->numbers(), ", expected ", kNumbers),
            kFix};
  }
  return {true,
          absl::StrCat("three Philox vectors; random numbers and float kernels "
                       "hash to ",
                       found->numbers().substr(0, 16)),
          ""};
}

CheckResult CheckPhysics() {
  const absl::StatusOr<v1::Fingerprint> found = HalfCheetahFingerprint();
  if (!found.ok()) {
    return {false, std::string(found.status().message()),
            "run deploy/setup.sh and build again"};
  }
  const std::string detail = absl::StrCat(
      "MuJoCo ", found->mujoco_version(),
      ", 200 steps of half_cheetah hash to ", found->physics().substr(0, 16));
  if (found->mujoco_version() != kMujocoVersion) {
    return {false, detail,
            absl::StrCat("install version ", kMujocoVersion,
                         ": unset MUJOCO_DIR, run deploy/setup.sh and build "
                         "again")};
  }
  return {true, detail, ""};
}

}  // namespace starling
