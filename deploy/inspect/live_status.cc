#include "deploy/inspect/live_status.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/human.h"

namespace starling {
namespace {

using Worker = v1::ListWorkersReply::Worker;

constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";
constexpr const char* kRed = "31";
constexpr size_t kMaxColumn = 40;

std::string Paint(const std::string& text, const char* code, bool color) {
  return color ? absl::StrCat("\033[", code, "m", text, "\033[0m") : text;
}

std::string Line(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("%-12s %s\n", name, value);
}

// Fit for a terminal.
std::string Clean(std::string text) {
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = '?';
  }
  return text;
}

// And for a column.
std::string Cell(const std::string& text) {
  return text.size() <= kMaxColumn ? Clean(text)
                                   : Clean(text.substr(0, kMaxColumn)) + "..";
}

std::string WorkerStateName(Worker::State state) {
  switch (state) {
    case Worker::SUSPECT:
      return "suspect";
    case Worker::QUARANTINED:
      return "quarantined";
    case Worker::DRAINING:
      return "draining";
    default:
      return "active";
  }
}

const char* StateColor(const v1::StatusReply& status) {
  if (status.phase() == v1::StatusReply::FAILED) return kRed;
  const bool computes = status.phase() == v1::StatusReply::TRAINING &&
                        !status.paused() && status.waiting().empty();
  return computes || status.phase() == v1::StatusReply::FINISHED ? kGreen
                                                                 : kYellow;
}

std::string ProgressText(const v1::StatusReply& status) {
  std::string text = absl::StrCat("generation ", status.generation());
  if (status.budget_generations() > 0) {
    absl::StrAppend(&text, " of ", status.budget_generations());
  }
  if (status.has_env_steps()) {
    absl::StrAppend(&text, ", ", HumanCount(status.env_steps()));
    if (status.budget_env_steps() > 0) {
      absl::StrAppend(&text, " of ", HumanCount(status.budget_env_steps()));
    }
    absl::StrAppend(&text, " environment steps");
  }
  return absl::StrCat(text, ", ", HumanDuration(status.elapsed_s()),
                      " of computing");
}

std::string ReturnsText(const v1::StatusReply& status) {
  std::vector<std::string> parts;
  if (status.has_return_mean()) {
    parts.push_back(absl::StrFormat("%.6g in training (%.6g to %.6g)",
                                    status.return_mean(), status.return_min(),
                                    status.return_max()));
  }
  if (status.has_return_fresh()) {
    parts.push_back(
        absl::StrFormat("%.6g on fresh seeds", status.return_fresh()));
  }
  if (status.has_return_best()) {
    parts.push_back(
        absl::StrFormat("best %.6g on the fixed seeds", status.return_best()));
  }
  return parts.empty() ? "none yet" : absl::StrJoin(parts, ", ");
}

std::string CheckpointText(const v1::StatusReply& status) {
  std::string text = "none by this start yet";
  if (status.has_checkpoint_generation()) {
    text = absl::StrCat("generation ", status.checkpoint_generation(), ", ",
                        HumanDuration(status.checkpoint_age_s()), " ago");
  }
  if (status.checkpoint_failures() > 0) {
    absl::StrAppend(&text, ", ", status.checkpoint_failures(),
                    " failed attempts");
  }
  return text;
}

std::string WorkersText(const v1::StatusReply& status) {
  std::string text = absl::StrCat(status.workers_active(), " active");
  const auto add = [&text](uint32_t n, const char* what) {
    if (n > 0) absl::StrAppend(&text, ", ", n, " ", what);
  };
  add(status.workers_suspect(), "suspect");
  add(status.workers_quarantined(), "quarantined");
  add(status.workers_draining(), "draining");
  add(status.workers_lost(), "lost since the start");
  return absl::StrCat(text, "; ", status.slots(),
                      status.slots() == 1 ? " slot" : " slots");
}

// Rows of cells, aligned; the first row is the heading.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppendFormat(&line, "%-*s  ", static_cast<int>(widths[i]),
                            row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string WorkersTable(const v1::ListWorkersReply& workers) {
  std::vector<std::vector<std::string>> rows = {
      {"ID", "NAME", "HOST", "PROCESS", "SLOTS", "STATE", "HEARD", "CONNECTED",
       "ACCEPTED", "REJECTED"}};
  for (const Worker& worker : workers.workers()) {
    rows.push_back({worker.id(), Cell(worker.name()), Cell(worker.host()),
                    absl::StrCat(worker.pid()), absl::StrCat(worker.slots()),
                    WorkerStateName(worker.state()),
                    absl::StrFormat("%.1f s ago", worker.silent_s()),
                    HumanDuration(worker.connected_s()),
                    HumanCount(worker.accepted()),
                    HumanCount(worker.rejected())});
  }
  return Table(rows);
}

}  // namespace

std::string StateName(const v1::StatusReply& status) {
  switch (status.phase()) {
    case v1::StatusReply::STOPPING:
      return "stopping";
    case v1::StatusReply::ENDING:
      return "ending";
    case v1::StatusReply::FINISHED:
      return "finished";
    case v1::StatusReply::STOPPED:
      return "stopped";
    case v1::StatusReply::FAILED:
      return "failed";
    default:
      return status.paused() ? "paused" : "training";
  }
}

std::string ToText(const std::string& run, const v1::StatusReply& status,
                   const v1::ListWorkersReply& workers, bool color) {
  std::string state = StateName(status);
  const bool says_why = !status.waiting().empty() && !status.paused();
  if (says_why) {
    absl::StrAppend(&state, "; it waits: ", status.waiting());
  }
  std::string text = absl::StrCat(
      Line("run", absl::StrCat(run, " (", status.name(), "), started ",
                               status.incarnation(),
                               status.incarnation() == 1 ? " time" : " times")),
      Line("state", Paint(state, StateColor(status), color)),
      Line("progress", ProgressText(status)),
      Line("speed", absl::StrCat(HumanCount(static_cast<uint64_t>(
                                     std::max(0.0, status.steps_per_s()))),
                                 " steps/s")),
      Line("returns", ReturnsText(status)),
      Line("units",
           absl::StrCat(status.units_done(), " of ", status.units(), " done, ",
                        status.units_outstanding(), " under way, ",
                        status.units_pending(), " to do")));
  absl::StrAppend(
      &text,
      Line("results",
           absl::StrCat(HumanCount(status.results_accepted()), " accepted, ",
                        HumanCount(status.results_duplicate()), " duplicate, ",
                        HumanCount(status.results_stale()), " stale, ",
                        HumanCount(status.results_rejected()), " rejected, ",
                        HumanCount(status.audits()), " audits")),
      Line("checkpoint", CheckpointText(status)),
      Line("workers", WorkersText(status)));
  for (const std::string& warning : status.warnings()) {
    if (says_why && warning == status.waiting()) continue;
    absl::StrAppend(&text,
                    Line("warning", Paint(Clean(warning), kYellow, color)));
  }
  if (workers.workers_size() > 0) {
    absl::StrAppend(&text, "\n", WorkersTable(workers));
  }
  return text;
}

JsonObject ToJson(const std::string& run, const v1::StatusReply& status,
                  const v1::ListWorkersReply& workers) {
  JsonObject json;
  json.Set("run", run)
      .Set("name", status.name())
      .Set("state", StateName(status))
      .Set("live", true)
      .Set("finished", status.phase() == v1::StatusReply::FINISHED)
      .Set("waiting", status.waiting())
      .Set("incarnation", uint64_t{status.incarnation()})
      .Set("generation", uint64_t{status.generation()})
      .Set("budget_generations", uint64_t{status.budget_generations()})
      .Set("budget_env_steps", uint64_t{status.budget_env_steps()})
      .Set("steps_per_s", status.steps_per_s())
      .Set("elapsed_s", status.elapsed_s());
  if (status.has_env_steps()) {
    json.Set("env_steps", uint64_t{status.env_steps()});
  }
  const auto add = [&json](const char* name, bool has, double value) {
    if (has) json.Set(name, value);
  };
  add("return_mean", status.has_return_mean(), status.return_mean());
  add("return_std", status.has_return_std(), status.return_std());
  add("return_min", status.has_return_min(), status.return_min());
  add("return_max", status.has_return_max(), status.return_max());
  add("return_best", status.has_return_best(), status.return_best());
  add("return_fixed", status.has_return_fixed(), status.return_fixed());
  add("return_fresh", status.has_return_fresh(), status.return_fresh());
  json.Set("workers_active", uint64_t{status.workers_active()})
      .Set("workers_suspect", uint64_t{status.workers_suspect()})
      .Set("workers_quarantined", uint64_t{status.workers_quarantined()})
      .Set("workers_draining", uint64_t{status.workers_draining()})
      .Set("workers_lost", uint64_t{status.workers_lost()})
      .Set("slots", uint64_t{status.slots()})
      .Set("units", uint64_t{status.units()})
      .Set("units_done", uint64_t{status.units_done()})
      .Set("units_outstanding", uint64_t{status.units_outstanding()})
      .Set("units_pending", uint64_t{status.units_pending()})
      .Set("results_accepted", uint64_t{status.results_accepted()})
      .Set("results_duplicate", uint64_t{status.results_duplicate()})
      .Set("results_stale", uint64_t{status.results_stale()})
      .Set("results_rejected", uint64_t{status.results_rejected()})
      .Set("copies", uint64_t{status.copies()})
      .Set("lease_expirations", uint64_t{status.lease_expirations()})
      .Set("audits", uint64_t{status.audits()})
      .Set("disagreements", uint64_t{status.disagreements()})
      .Set("queue_length", uint64_t{status.queue_length()})
      .Set("checkpoint_failures", uint64_t{status.checkpoint_failures()});
  add("checkpoint_age_s", status.has_checkpoint_age_s(),
      status.checkpoint_age_s());
  if (status.has_checkpoint_generation()) {
    json.Set("checkpoint_generation", uint64_t{status.checkpoint_generation()});
  }
  std::vector<JsonObject> rows;
  for (const Worker& worker : workers.workers()) {
    JsonObject row;
    row.Set("id", worker.id())
        .Set("name", worker.name())
        .Set("host", worker.host())
        .Set("pid", int64_t{worker.pid()})
        .Set("slots", uint64_t{worker.slots()})
        .Set("state", WorkerStateName(worker.state()))
        .Set("silent_s", worker.silent_s())
        .Set("connected_s", worker.connected_s())
        .Set("accepted", uint64_t{worker.accepted()})
        .Set("rejected", uint64_t{worker.rejected()});
    rows.push_back(std::move(row));
  }
  json.Set("workers", rows);
  json.Set("warnings", std::vector<std::string>(status.warnings().begin(),
                                                status.warnings().end()));
  return json;
}

}  // namespace starling
