// The part of a run's store that people look at: progress and workers.
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "aggregator/run_store.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

// In the order of AddProgress and ReadProgressRow.
#define STARLING_PROGRESS_COLUMNS                                      \
  "generation, elapsed_s, env_steps, episodes, sigma, theta_norm,"     \
  " update_norm, failed_units, dropped_pairs, new_best, flat_fitness," \
  " training_episodes, training_mean, training_std, training_min,"     \
  " training_max, training_length, training_failed, fixed_episodes,"   \
  " fixed_mean, fixed_std, fixed_min, fixed_max, fixed_length,"        \
  " fixed_failed, fresh_episodes, fresh_mean, fresh_std, fresh_min,"   \
  " fresh_max, fresh_length, fresh_failed"

constexpr char kInsertProgress[] =
    "INSERT OR REPLACE INTO progress(" STARLING_PROGRESS_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kSelectProgress[] =
    "SELECT " STARLING_PROGRESS_COLUMNS " FROM progress ORDER BY generation";

#undef STARLING_PROGRESS_COLUMNS

// In the order of AddSearch and ReadSearchRow.
#define STARLING_SEARCH_COLUMNS                                        \
  "generation, stage, weights, biases, bits, mean_cost, num_distinct," \
  " choice, probabilities, entropy, sampled_episodes, sampled_mean,"   \
  " sampled_std, sampled_min, sampled_max, sampled_length, sampled_failed"

constexpr char kInsertSearch[] =
    "INSERT OR REPLACE INTO search(" STARLING_SEARCH_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr char kSelectSearch[] =
    "SELECT " STARLING_SEARCH_COLUMNS " FROM search ORDER BY generation";
// Before version 3 there was no such table.
constexpr char kHasSearch[] =
    "SELECT count(*) FROM sqlite_master WHERE name='search'";

#undef STARLING_SEARCH_COLUMNS

constexpr int kSummaryColumns = 7;
constexpr int kFirstSummaryColumn = 11;
constexpr int kSampledColumn = 10;

// SQLite's integers are signed.
int64_t ToSigned(uint64_t number) {
  CHECK_LE(number, static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  return static_cast<int64_t>(number);
}

void BindSummary(const std::optional<ReturnSummary>& summary, Query* query) {
  if (!summary.has_value()) {
    for (int i = 0; i < kSummaryColumns; ++i) query->BindNull();
    return;
  }
  query->Bind(int64_t{summary->episodes})
      .Bind(summary->mean)
      .Bind(summary->std)
      .Bind(summary->min)
      .Bind(summary->max)
      .Bind(summary->mean_length)
      .Bind(int64_t{summary->failed_units});
}

// From kSummaryColumns columns, the first of which is `column`.
std::optional<ReturnSummary> ReadSummary(const Query& query, int column) {
  if (query.IsNull(column)) return std::nullopt;
  ReturnSummary summary;
  summary.episodes = static_cast<int>(query.Int(column));
  summary.mean = query.Double(column + 1);
  summary.std = query.Double(column + 2);
  summary.min = query.Double(column + 3);
  summary.max = query.Double(column + 4);
  summary.mean_length = query.Double(column + 5);
  summary.failed_units = static_cast<int>(query.Int(column + 6));
  return summary;
}

ProgressRow ReadProgressRow(const Query& query) {
  ProgressRow row;
  row.progress.generation = static_cast<uint64_t>(query.Int(0));
  row.elapsed_s = query.Double(1);
  row.progress.env_steps = static_cast<uint64_t>(query.Int(2));
  row.progress.episodes = static_cast<uint64_t>(query.Int(3));
  row.progress.sigma = query.Double(4);
  row.progress.theta_norm = query.Double(5);
  row.progress.update_norm = query.Double(6);
  row.progress.failed_units = static_cast<int>(query.Int(7));
  row.progress.dropped_pairs = static_cast<int>(query.Int(8));
  row.progress.new_best = query.Int(9) != 0;
  row.progress.flat_fitness = query.Int(10) != 0;
  int column = kFirstSummaryColumn;
  row.progress.training = ReadSummary(query, column).value_or(ReturnSummary());
  row.progress.fixed = ReadSummary(query, column += kSummaryColumns);
  row.progress.fresh = ReadSummary(query, column += kSummaryColumns);
  return row;
}

SearchProgress ReadSearchRow(const Query& query) {
  SearchProgress search;
  search.stage = static_cast<v1::SearchState::Stage>(query.Int(1));
  search.weights = query.Int(2);
  search.biases = query.Int(3);
  search.bits = query.Int(4);
  search.mean_cost = query.Double(5);
  search.num_distinct = static_cast<int>(query.Int(6));
  search.choice = query.Bytes(7);
  const std::string floats = query.Bytes(8);
  search.probabilities.resize(floats.size() / sizeof(float));
  std::memcpy(search.probabilities.data(), floats.data(),
              search.probabilities.size() * sizeof(float));
  if (!query.IsNull(9)) search.entropy = query.Double(9);
  search.sampled = ReadSummary(query, kSampledColumn);
  return search;
}

double ToSeconds(absl::Time time) {
  return absl::ToDoubleSeconds(time - absl::UnixEpoch());
}

absl::Time FromSeconds(double seconds) {
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

}  // namespace

absl::Status RunStore::AddProgress(const Progress& progress, double elapsed_s) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(kInsertProgress);
  query.Bind(ToSigned(progress.generation))
      .Bind(elapsed_s)
      .Bind(ToSigned(progress.env_steps))
      .Bind(ToSigned(progress.episodes))
      .Bind(progress.sigma)
      .Bind(progress.theta_norm)
      .Bind(progress.update_norm)
      .Bind(int64_t{progress.failed_units})
      .Bind(int64_t{progress.dropped_pairs})
      .Bind(int64_t{progress.new_best})
      .Bind(int64_t{progress.flat_fitness});
  BindSummary(progress.training, &query);
  BindSummary(progress.fixed, &query);
  BindSummary(progress.fresh, &query);
  RETURN_IF_ERROR(Explain(query.Run()));
  if (!progress.search.has_value()) return absl::OkStatus();
  return Explain(AddSearch(progress.generation, *progress.search));
}

absl::Status RunStore::AddSearch(uint64_t generation,
                                 const SearchProgress& search) {
  Query query = database_->Prepare(kInsertSearch);
  query.Bind(ToSigned(generation))
      .Bind(int64_t{search.stage})
      .Bind(search.weights)
      .Bind(search.biases)
      .Bind(search.bits)
      .Bind(search.mean_cost)
      .Bind(int64_t{search.num_distinct})
      .BindBlob(search.choice)
      .BindBlob({reinterpret_cast<const char*>(search.probabilities.data()),
                 search.probabilities.size() * sizeof(float)});
  if (search.entropy.has_value()) {
    query.Bind(*search.entropy);
  } else {
    query.BindNull();
  }
  BindSummary(search.sampled, &query);
  return query.Run();
}

absl::Status RunStore::ReadSearch(std::vector<ProgressRow>* rows) {
  ASSIGN_OR_RETURN(const int64_t has_search, database_->SelectInt(kHasSearch));
  if (has_search == 0) return absl::OkStatus();
  Query query = database_->Prepare(kSelectSearch);
  auto row = rows->begin();
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, query.Step());
    if (!has_row) return absl::OkStatus();
    const auto generation = static_cast<uint64_t>(query.Int(0));
    while (row != rows->end() && row->progress.generation < generation) ++row;
    if (row == rows->end()) return absl::OkStatus();
    if (row->progress.generation == generation) {
      row->progress.search = ReadSearchRow(query);
    }
  }
}

absl::StatusOr<std::vector<ProgressRow>> RunStore::ReadProgress() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(kSelectProgress);
  std::vector<ProgressRow> rows;
  while (true) {
    const absl::StatusOr<bool> has_row = query.Step();
    if (!has_row.ok()) return Explain(has_row.status());
    if (!*has_row) break;
    rows.push_back(ReadProgressRow(query));
  }
  RETURN_IF_ERROR(Explain(ReadSearch(&rows)));
  return rows;
}

absl::Status RunStore::RecordWorker(const WorkerRecord& worker) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(
      database_
          ->Prepare("INSERT INTO workers(session, host, pid, slots, first_seen,"
                    " last_seen) VALUES(?,?,?,?,?,?) ON CONFLICT(session) DO"
                    " UPDATE SET host=excluded.host, pid=excluded.pid,"
                    " slots=excluded.slots, last_seen=excluded.last_seen")
          .BindText(worker.session)
          .BindText(worker.host)
          .Bind(worker.pid)
          .Bind(int64_t{worker.slots})
          .Bind(ToSeconds(worker.first_seen))
          .Bind(ToSeconds(worker.last_seen))
          .Run());
}

absl::StatusOr<std::vector<WorkerRecord>> RunStore::Workers() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(
      "SELECT session, host, pid, slots, first_seen, last_seen FROM workers"
      " ORDER BY first_seen, session");
  std::vector<WorkerRecord> workers;
  while (true) {
    const absl::StatusOr<bool> has_row = query.Step();
    if (!has_row.ok()) return Explain(has_row.status());
    if (!*has_row) return workers;
    WorkerRecord worker;
    worker.session = query.Bytes(0);
    worker.host = query.Bytes(1);
    worker.pid = query.Int(2);
    worker.slots = static_cast<int>(query.Int(3));
    worker.first_seen = FromSeconds(query.Double(4));
    worker.last_seen = FromSeconds(query.Double(5));
    workers.push_back(std::move(worker));
  }
}

}  // namespace starling
