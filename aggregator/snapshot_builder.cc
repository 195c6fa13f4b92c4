#include "aggregator/snapshot_builder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

constexpr char kPaused[] = "paused by an operator: resume it";
constexpr char kNoWorker[] = "no worker is connected: start some";
constexpr size_t kHistory = 256;
constexpr milliseconds kSpeedSample{500};
constexpr milliseconds kSpeedWindow{10'000};

double Seconds(SnapshotBuilder::Time::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// If units wait for an answer that none of the workers that are there may give.
std::string LackOfWorkers(const UnitTable& units) {
  if (units.num_outstanding() > 0 || units.total_slots() == 0) return "";
  const int n = units.num_starved();
  if (n == 0) return "";
  return absl::StrCat(n, n == 1 ? " unit needs" : " units need",
                      " the answer of one more worker (an audit, or workers "
                      "that disagree): start one");
}

}  // namespace

void SnapshotBuilder::AddGeneration(const Progress& progress) {
  snapshot_.last = progress;
  if (progress.fixed.has_value()) {
    snapshot_.fixed = progress.fixed;
    snapshot_.best_return =
        std::max(snapshot_.best_return.value_or(progress.fixed->mean),
                 progress.fixed->mean);
  }
  if (progress.fresh.has_value()) snapshot_.fresh = progress.fresh;
  if (progress.search.has_value()) AddSearch(*progress.search);
  if (progress.training.episodes > 0) {
    snapshot_.history.push_back(progress.training.mean);
    if (snapshot_.history.size() > kHistory) {
      snapshot_.history.erase(snapshot_.history.begin());
    }
  }
}

void SnapshotBuilder::AddSearch(const SearchProgress& search) {
  // What was best with another architecture is no longer an answer.
  const bool is_frozen = search.stage == v1::SearchState::FINE_TUNING;
  if (is_frozen && snapshot_.search.has_value() &&
      snapshot_.search->stage != search.stage) {
    snapshot_.best_return.reset();
  }
  const std::optional<SearchProgress> before =
      std::exchange(snapshot_.search, search);
  if (search.entropy.has_value() || !before.has_value()) return;
  snapshot_.search->entropy = before->entropy;
  snapshot_.search->sampled = before->sampled;
  snapshot_.search->alarm = is_frozen ? "" : before->alarm;
}

void SnapshotBuilder::AddSteps(const v1::RolloutResult& answer) {
  for (const uint32_t length : answer.lengths()) snapshot_.env_steps += length;
  snapshot_.episodes += answer.lengths_size();
}

const Snapshot& SnapshotBuilder::Build(const Sources& sources, Time now) {
  MeasureSpeed(now);
  snapshot_.phase = sources.phase;
  snapshot_.generation = sources.generation;
  snapshot_.elapsed_s = sources.elapsed_s;
  snapshot_.workers = sources.sessions.size();
  snapshot_.slots = sources.units.total_slots();
  const SessionTable::Counts workers = sources.sessions.CountStates(now);
  snapshot_.workers_active = workers.active;
  snapshot_.workers_suspect = workers.suspect;
  snapshot_.workers_quarantined = workers.quarantined;
  snapshot_.workers_draining = workers.draining;
  snapshot_.units = sources.units.num_units();
  snapshot_.units_done = sources.units.num_done();
  snapshot_.units_outstanding = sources.units.num_outstanding();
  snapshot_.units_pending = sources.units.num_pending();
  const UnitTable::Counters& counters = sources.units.counters();
  snapshot_.results_accepted = counters.accepted;
  snapshot_.results_duplicate = counters.duplicates;
  snapshot_.results_stale = counters.stale;
  snapshot_.results_rejected = counters.rejected + rejected_at_the_door_;
  snapshot_.copies = counters.copies;
  snapshot_.lease_expirations = counters.expirations;
  snapshot_.audits = counters.audits;
  snapshot_.disagreements = counters.disagreements;
  snapshot_.paused = sources.paused;
  snapshot_.queue_length = sources.queue_length;
  snapshot_.checkpoint_failures = sources.checkpoints.failures;
  snapshot_.checkpoint_generation = sources.checkpoints.durable_generation;
  snapshot_.checkpoint_age_s.reset();
  if (sources.checkpoints.durable_at.has_value()) {
    snapshot_.checkpoint_age_s = Seconds(now - *sources.checkpoints.durable_at);
  }
  Warn(sources);
  snapshot_.waiting = WhyWaiting(sources);
  return snapshot_;
}

std::string SnapshotBuilder::WhyWaiting(const Sources& sources) const {
  if (sources.phase != Snapshot::Phase::kTraining) return "";
  if (!sources.store_warning.empty() &&
      snapshot_.units_done == snapshot_.units) {
    return sources.store_warning;
  }
  if (snapshot_.units_outstanding > 0) return "";
  if (sources.paused) return kPaused;
  if (snapshot_.workers == 0) return kNoWorker;
  if (snapshot_.workers_active + snapshot_.workers_suspect == 0) {
    return "every worker is in quarantine or leaving: start others";
  }
  return LackOfWorkers(sources.units);
}

void SnapshotBuilder::MeasureSpeed(Time now) {
  if (speed_samples_.empty() ||
      now - speed_samples_.back().first >= kSpeedSample) {
    speed_samples_.push_back({now, snapshot_.env_steps});
  }
  while (speed_samples_.size() > 2 &&
         now - speed_samples_.front().first > kSpeedWindow) {
    speed_samples_.pop_front();
  }
  const auto& [since, steps] = speed_samples_.front();
  const double seconds = Seconds(now - since);
  snapshot_.steps_per_second =
      seconds > 0 ? static_cast<double>(snapshot_.env_steps - steps) / seconds
                  : 0;
}

void SnapshotBuilder::Warn(const Sources& sources) {
  snapshot_.warnings.clear();
  const auto warn = [this](std::string warning) {
    snapshot_.warnings.push_back(std::move(warning));
  };
  if (sources.sessions.empty() && sources.phase == Snapshot::Phase::kTraining) {
    warn(kNoWorker);
  }
  if (sources.paused) warn(kPaused);
  if (const std::string lack = LackOfWorkers(sources.units); !lack.empty()) {
    warn(lack);
  }
  if (!sources.store_warning.empty()) warn(sources.store_warning);
  if (snapshot_.search.has_value() && !snapshot_.search->alarm.empty()) {
    warn(snapshot_.search->alarm);
  }
  const absl::Status& failure = sources.checkpoints.last_error;
  if (!failure.ok()) {
    warn(absl::StrCat("the last checkpoint failed: ", failure.message(),
                      "; it is tried again"));
  }
  if (snapshot_.workers_quarantined > 0) {
    warn(absl::StrCat(snapshot_.workers_quarantined,
                      " workers get no work because their results were "
                      "rejected or disproved; the log says why"));
  }
  if (snapshot_.disagreements > 0) {
    warn(absl::StrCat(snapshot_.disagreements,
                      " answers differed between workers; the log has them"));
  }
}

}  // namespace starling
