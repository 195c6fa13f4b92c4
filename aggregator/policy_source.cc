#include "aggregator/policy_source.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/signature.h"
#include "base/resolve.h"
#include "base/status.h"

namespace starling {
namespace {

absl::StatusOr<CheckpointStore> OpenCheckpoints(const std::string& run) {
  const RunPaths paths(run);
  std::error_code error;
  if (!std::filesystem::exists(paths.root, error)) {
    return absl::NotFoundError(absl::StrCat(run, " does not exist"));
  }
  absl::StatusOr<CheckpointStore> store = CheckpointStore::Open(
      paths.checkpoints, CheckpointStore::Access::kReader);
  if (!absl::IsNotFound(store.status())) return store;
  return absl::NotFoundError(absl::StrCat(
      run, " is no run directory: there is no folder ", paths.checkpoints));
}

absl::StatusOr<PolicySnapshot> Centre(const v1::Checkpoint& checkpoint) {
  PolicySnapshot snapshot;
  snapshot.experiment = Resolve(checkpoint.experiment());
  snapshot.env_spec = checkpoint.env_spec();
  snapshot.generation = checkpoint.state().generation();
  const auto& mean = checkpoint.state().distribution().mean();
  snapshot.mean.assign(mean.begin(), mean.end());
  snapshot.moments = checkpoint.state().moments();
  snapshot.architecture = checkpoint.state().choice();
  ASSIGN_OR_RETURN(snapshot.signature, LastSignature(checkpoint));
  return snapshot;
}

absl::StatusOr<PolicySnapshot> Best(const v1::Checkpoint& checkpoint) {
  PolicySnapshot snapshot;
  snapshot.experiment = Resolve(checkpoint.experiment());
  snapshot.env_spec = checkpoint.env_spec();
  const v1::BestPolicy& best = checkpoint.best();
  snapshot.generation = best.generation();
  snapshot.mean.assign(best.mean().begin(), best.mean().end());
  snapshot.moments = best.moments();
  snapshot.architecture = best.architecture();
  ASSIGN_OR_RETURN(snapshot.signature, BestSignature(checkpoint));
  return snapshot;
}

absl::StatusOr<PolicySnapshot> OfGeneration(const CheckpointStore& store,
                                            const v1::Checkpoint& newest,
                                            uint64_t generation) {
  const absl::StatusOr<v1::Checkpoint> checkpoint = store.Load(generation);
  if (checkpoint.ok()) return Centre(*checkpoint);
  // The best policy needs no checkpoint of its own.
  if (absl::IsNotFound(checkpoint.status()) && newest.has_best() &&
      newest.best().generation() == generation) {
    return Best(newest);
  }
  return checkpoint.status();
}

}  // namespace

absl::StatusOr<PolicyChoice> PolicyChoice::Parse(absl::string_view text) {
  PolicyChoice choice;
  if (text == "best") return choice;
  choice.kind = kLast;
  if (text == "last") return choice;
  choice.kind = kGeneration;
  if (absl::SimpleAtoi(text, &choice.generation)) return choice;
  return absl::InvalidArgumentError(absl::StrCat(
      "--checkpoint: \"", text,
      "\" must be \"best\", \"last\" or the number of a generation"));
}

absl::StatusOr<PolicySnapshot> LoadPolicy(const std::string& run,
                                          const PolicyChoice& choice) {
  ASSIGN_OR_RETURN(const CheckpointStore store, OpenCheckpoints(run));
  LoadReport report;
  absl::StatusOr<v1::Checkpoint> newest = store.LoadNewest(&report);
  if (absl::IsNotFound(newest.status())) {
    return absl::NotFoundError(
        absl::StrCat(newest.status().message(),
                     ": the run has not finished its first generation"));
  }
  RETURN_IF_ERROR(newest.status());
  std::vector<std::string> notes;
  for (const std::string& damaged : report.damaged) {
    notes.push_back(absl::StrCat("passed over: ", damaged));
  }
  absl::StatusOr<PolicySnapshot> snapshot = absl::UnknownError("");
  switch (choice.kind) {
    case PolicyChoice::kBest:
      if (newest->has_best()) {
        snapshot = Best(*newest);
        break;
      }
      snapshot = Centre(*newest);
      notes.push_back(absl::StrCat(
          "the run has not evaluated a policy yet: this is its last one, of "
          "generation ",
          newest->state().generation()));
      break;
    case PolicyChoice::kLast:
      snapshot = Centre(*newest);
      break;
    case PolicyChoice::kGeneration:
      snapshot = OfGeneration(store, *newest, choice.generation);
      break;
  }
  if (snapshot.ok()) snapshot->note = absl::StrJoin(notes, "; ");
  return snapshot;
}

}  // namespace starling
