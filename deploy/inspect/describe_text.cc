// How a RunDescription reads, for people and for scripts.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "aggregator/generation_plan.h"
#include "aggregator/run_lock.h"
#include "base/human.h"
#include "deploy/inspect/describe.h"

namespace starling {
namespace {

// The name of the member of `message`'s oneof that is set.
std::string KindOf(const google::protobuf::Message& message) {
  const auto* oneof = message.GetDescriptor()->FindOneofByName("kind");
  const auto* field =
      message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  return field == nullptr ? "none" : field->name();
}

std::string Line(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("%-12s %s\n", name, value);
}

std::string EnvText(const RunDescription& run) {
  std::string text = KindOf(run.experiment.env());
  if (!run.state.has_value()) return text;
  const v1::EnvSpec& spec = run.state->env_spec;
  std::vector<std::string> seen;
  if (spec.state_size() > 0) {
    seen.push_back(absl::StrCat(spec.state_size(), " numbers"));
  }
  if (spec.image_height() > 0) {
    seen.push_back(absl::StrCat(spec.image_width(), " x ", spec.image_height(),
                                " pixels"));
  }
  absl::StrAppend(&text, ": observes ",
                  seen.empty() ? "nothing" : absl::StrJoin(seen, " and "),
                  ", acts with ",
                  spec.num_choices() > 0
                      ? absl::StrCat("one of ", spec.num_choices(), " choices")
                      : absl::StrCat(spec.action_size(), " numbers"),
                  ", ", spec.max_steps(), " steps an episode at most");
  return text;
}

// Finished generations: by the database, which may be ahead, or the checkpoint.
uint64_t NumFinished(const RunDescription& run) {
  uint64_t number = run.state.has_value() ? run.state->generation : 0;
  // The row of an evaluation alone, after the last update, is none.
  if (run.last.has_value() && run.last->progress.training.episodes > 0) {
    number = std::max(number, run.last->progress.generation + 1);
  }
  return number;
}

std::string ProgressText(const RunDescription& run) {
  const v1::Budget& budget = run.experiment.budget();
  std::string text = absl::StrCat("generation ", HumanCount(NumFinished(run)));
  if (const uint64_t total = NumGenerations(run.experiment); total > 0) {
    absl::StrAppend(&text, " of ", HumanCount(total));
  }
  uint64_t steps = run.state.has_value() ? run.state->env_steps : 0;
  if (run.last.has_value()) {
    steps = std::max(steps, run.last->progress.env_steps);
  }
  absl::StrAppend(&text, ", ", HumanCount(steps));
  if (budget.env_steps() > 0) {
    absl::StrAppend(&text, " of ", HumanCount(budget.env_steps()));
  }
  return absl::StrCat(text, " environment steps");
}

double ElapsedSeconds(const RunDescription& run) {
  const double saved = run.state.has_value() ? run.state->elapsed_s : 0;
  return run.last.has_value() ? std::max(saved, run.last->elapsed_s) : saved;
}

std::string StatusText(const RunDescription& run) {
  if (run.holder.has_value()) {
    return absl::StrCat("live: ", DescribeHolder(*run.holder));
  }
  if (run.state.has_value() && run.state->finished) return "finished";
  return "not finished, and nobody computes it";
}

std::string WorkersText(const RunDescription& run) {
  int num_slots = 0;
  std::vector<std::string> hosts;
  for (const WorkerRecord& worker : run.workers) {
    num_slots += worker.slots;
    hosts.push_back(worker.host);
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return absl::StrCat(run.workers.size(), " sessions seen, with ", num_slots,
                      " slots on ", hosts.size(), " hosts");
}

std::string BestText(const RunDescription::Best& best) {
  std::string text = absl::StrFormat("generation %d: %.6g on the fixed seeds",
                                     best.generation, best.fixed_return);
  if (best.fresh_return.has_value()) {
    absl::StrAppendFormat(&text, ", %.6g on fresh seeds", *best.fresh_return);
  }
  return text;
}

JsonObject SummaryJson(const ReturnSummary& summary) {
  JsonObject json;
  json.Set("episodes", summary.episodes)
      .Set("mean", summary.mean)
      .Set("std", summary.std)
      .Set("min", summary.min)
      .Set("max", summary.max)
      .Set("mean_length", summary.mean_length);
  return json;
}

}  // namespace

std::string ToText(const RunDescription& run) {
  const v1::Experiment& experiment = run.experiment;
  std::string text = Line("run", run.path);
  absl::StrAppend(&text,
                  Line("experiment", absl::StrCat(experiment.name(), ", seed ",
                                                  experiment.seed())));
  absl::StrAppend(&text, Line("environment", EnvText(run)));
  std::string policy = KindOf(experiment.policy());
  if (run.state.has_value()) {
    absl::StrAppend(&policy, ", ", HumanCount(run.state->num_parameters),
                    " parameters");
  }
  absl::StrAppend(&text, Line("policy", policy),
                  Line("strategy", KindOf(experiment.strategy())),
                  Line("status", StatusText(run)),
                  Line("progress", ProgressText(run)));
  if (run.last.has_value() && run.last->progress.training.episodes > 0) {
    const ReturnSummary& training = run.last->progress.training;
    absl::StrAppend(
        &text,
        Line("last return",
             absl::StrFormat("%.6g in training (deviation %.4g, %.6g to %.6g)",
                             training.mean, training.std, training.min,
                             training.max)));
  }
  absl::StrAppend(
      &text,
      Line("best", run.best.has_value() ? BestText(*run.best)
                                        : "no policy has been evaluated yet"));
  absl::StrAppend(
      &text,
      Line("time",
           absl::StrCat(HumanDuration(ElapsedSeconds(run)),
                        " of computing, started ", run.incarnation, " times")),
      Line("workers", WorkersText(run)),
      Line("checkpoints", run.checkpoints.empty()
                              ? "none"
                              : absl::StrJoin(run.checkpoints, ", ")));
  if (run.state.has_value()) {
    absl::StrAppend(&text, Line("signature", run.state->signature));
  }
  for (const std::string& warning : run.warnings) {
    absl::StrAppend(&text, Line("warning", warning));
  }
  return text;
}

JsonObject ToJson(const RunDescription& run) {
  JsonObject json;
  json.Set("run", run.path)
      .Set("name", run.experiment.name())
      .Set("seed", uint64_t{run.experiment.seed()})
      .Set("config_sha256", run.config_sha256)
      .Set("env", KindOf(run.experiment.env()))
      .Set("policy", KindOf(run.experiment.policy()))
      .Set("strategy", KindOf(run.experiment.strategy()))
      .Set("live", run.holder.has_value())
      .Set("finished", run.state.has_value() && run.state->finished)
      .Set("generation", NumFinished(run))
      .Set("budget_generations", NumGenerations(run.experiment))
      .Set("budget_env_steps", uint64_t{run.experiment.budget().env_steps()})
      .Set("elapsed_s", ElapsedSeconds(run))
      .Set("incarnation", run.incarnation);
  if (run.state.has_value()) {
    json.Set("parameters", run.state->num_parameters)
        .Set("checkpoint_generation", run.state->generation)
        .Set("env_steps", run.state->env_steps)
        .Set("episodes", run.state->episodes)
        .Set("signature", run.state->signature)
        .Set("mujoco_version", run.state->fingerprint.mujoco_version())
        .Set("build", run.state->fingerprint.build());
  }
  if (run.best.has_value()) {
    JsonObject best;
    best.Set("generation", run.best->generation)
        .Set("fixed_return", run.best->fixed_return);
    if (run.best->fresh_return.has_value()) {
      best.Set("fresh_return", *run.best->fresh_return);
    }
    best.Set("signature", run.best->signature);
    json.Set("best", best);
  }
  if (run.last.has_value()) {
    json.Set("last_training", SummaryJson(run.last->progress.training));
  }
  std::vector<JsonObject> workers;
  for (const WorkerRecord& worker : run.workers) {
    JsonObject row;
    row.Set("session", worker.session)
        .Set("host", worker.host)
        .Set("pid", worker.pid)
        .Set("slots", worker.slots)
        .Set("first_seen",
             absl::ToDoubleSeconds(worker.first_seen - absl::UnixEpoch()))
        .Set("last_seen",
             absl::ToDoubleSeconds(worker.last_seen - absl::UnixEpoch()));
    workers.push_back(std::move(row));
  }
  json.Set("workers", workers);
  json.SetRaw("checkpoints",
              absl::StrCat("[", absl::StrJoin(run.checkpoints, ","), "]"));
  json.Set("warnings", run.warnings);
  return json;
}

}  // namespace starling
