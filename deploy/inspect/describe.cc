#include "deploy/inspect/describe.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/run_lock.h"
#include "aggregator/run_reader.h"
#include "aggregator/signature.h"
#include "base/digest.h"
#include "base/status.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

absl::Status AddState(const v1::Checkpoint& checkpoint, RunDescription* run) {
  RunDescription::State state;
  state.env_spec = checkpoint.env_spec();
  state.num_parameters = checkpoint.state().distribution().mean_size();
  state.generation = checkpoint.state().generation();
  state.env_steps = checkpoint.env_steps();
  state.episodes = checkpoint.episodes();
  state.elapsed_s = checkpoint.elapsed_s();
  state.finished = checkpoint.finished();
  state.fingerprint = checkpoint.fingerprint();
  ASSIGN_OR_RETURN(state.signature, LastSignature(checkpoint));
  run->state = std::move(state);
  if (!checkpoint.has_best()) return absl::OkStatus();
  RunDescription::Best best;
  best.generation = checkpoint.best().generation();
  best.fixed_return = checkpoint.best().fixed_return();
  if (run->experiment.evaluation().fresh_episodes() > 0) {
    best.fresh_return = checkpoint.best().fresh_return();
  }
  ASSIGN_OR_RETURN(best.signature, BestSignature(checkpoint));
  run->best = std::move(best);
  return absl::OkStatus();
}

void AddCheckpoints(const RunPaths& paths, RunDescription* run) {
  absl::StatusOr<CheckpointStore> store = CheckpointStore::Open(
      paths.checkpoints, CheckpointStore::Access::kReader);
  if (!store.ok()) {
    run->warnings.emplace_back(store.status().message());
    return;
  }
  if (const auto generations = store->Generations(); generations.ok()) {
    run->checkpoints = *generations;
  }
  LoadReport report;
  const absl::StatusOr<v1::Checkpoint> newest = store->LoadNewest(&report);
  for (const std::string& damaged : report.damaged) {
    run->warnings.push_back(absl::StrCat("damaged checkpoint: ", damaged));
  }
  // None yet: that is how every run begins.
  if (absl::IsNotFound(newest.status())) return;
  const absl::Status status =
      newest.ok() ? AddState(*newest, run) : newest.status();
  if (!status.ok()) run->warnings.emplace_back(status.message());
}

void AddDatabase(const std::string& path, RunDescription* run) {
  absl::StatusOr<std::unique_ptr<RunStore>> store = OpenRunForReading(path);
  if (absl::IsNotFound(store.status())) return;
  if (!store.ok()) {
    run->warnings.emplace_back(store.status().message());
    return;
  }
  const absl::StatusOr<std::vector<ProgressRow>> rows =
      (*store)->ReadProgress();
  if (!rows.ok()) {
    run->warnings.emplace_back(rows.status().message());
  } else if (!rows->empty()) {
    run->last = rows->back();
    for (const ProgressRow& row : *rows) {
      run->failed_units += row.progress.failed_units;
      run->dropped_pairs += row.progress.dropped_pairs;
    }
  }
  if (const auto workers = (*store)->Workers(); workers.ok()) {
    run->workers = *workers;
  }
  if (const auto incarnation = (*store)->Incarnation(); incarnation.ok()) {
    run->incarnation = *incarnation;
  }
}

// What an earlier start has set aside, and what generations have lost.
void AddWarnings(const RunPaths& paths, RunDescription* run) {
  for (const std::string& folder : {paths.root, paths.checkpoints}) {
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    while (!error && entry != fs::directory_iterator()) {
      if (absl::StrContains(entry->path().filename().string(), ".corrupt")) {
        run->warnings.push_back(absl::StrCat(
            entry->path().string(),
            " was damaged and has been set aside: look at the disk, then "
            "remove it"));
      }
      entry.increment(error);
    }
  }
  if (run->failed_units > 0) {
    run->warnings.push_back(absl::StrCat(
        run->failed_units, " evaluations failed and ", run->dropped_pairs,
        " pairs were left out: their policies diverged, or the environment "
        "reported errors"));
  }
}

}  // namespace

absl::StatusOr<RunDescription> DescribeRun(const std::string& path) {
  RunDescription run;
  run.path = path;
  ASSIGN_OR_RETURN(run.experiment, ReadRunExperiment(path));
  run.config_sha256 = Hex(ConfigDigest(run.experiment));
  const RunPaths paths(path);
  AddCheckpoints(paths, &run);
  AddDatabase(path, &run);
  run.holder = RunLock::FindHolder(paths.lock);
  AddWarnings(paths, &run);
  return run;
}

}  // namespace starling
