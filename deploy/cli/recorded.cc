#include "deploy/cli/recorded.h"

#include <algorithm>
#include <cfloat>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace starling {
namespace {

// Which columns hold obs_0, obs_1, .., or the environment's names of them.
absl::StatusOr<std::vector<int>> ObservationColumns(const CsvTable& table,
                                                    const v1::EnvSpec& spec) {
  const int state_size = static_cast<int>(spec.state_size());
  std::vector<int> columns(state_size);
  std::iota(columns.begin(), columns.end(), 0);
  if (table.header().empty()) {
    if (table.num_columns() == state_size) return columns;
    return absl::InvalidArgumentError(absl::StrCat(
        table.Where(0), ": expected ", state_size, " columns, found ",
        table.num_columns(),
        "; a table with other columns needs a header with the names obs_0 .. "
        "obs_",
        state_size - 1));
  }
  for (int i = 0; i < state_size; ++i) {
    columns[i] = table.Column(absl::StrCat("obs_", i));
    const std::string name =
        i < spec.state_names_size() ? spec.state_names(i).name() : "";
    if (columns[i] < 0 && !name.empty()) columns[i] = table.Column(name);
    if (columns[i] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(table.Where(-1), ": there is no column obs_", i,
                       name.empty() ? "" : absl::StrCat(" or \"", name, "\""),
                       "; the policy reads obs_0 .. obs_", state_size - 1,
                       ", in the order and units of its contract"));
    }
  }
  return columns;
}

}  // namespace

absl::StatusOr<ActionSource> RecordedActions(const std::string& path,
                                             int action_size) {
  ASSIGN_OR_RETURN(CsvTable read, CsvTable::Read(path));
  if (read.num_columns() != action_size) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ":1: expected ", action_size, " columns, found ",
        read.num_columns(), "; a row holds the action of one step, action_0",
        action_size > 1 ? absl::StrCat(" .. action_", action_size - 1) : ""));
  }
  const auto table = std::make_shared<const CsvTable>(std::move(read));
  std::vector<int> columns(action_size);
  std::iota(columns.begin(), columns.end(), 0);
  std::vector<double> numbers(action_size);
  return ActionSource([table, columns, numbers, row = 0](
                          const Observation&,
                          VectorRef action) mutable -> absl::StatusOr<bool> {
    if (row == table->num_rows()) return false;
    RETURN_IF_ERROR(table->ReadRow(row, columns, absl::MakeSpan(numbers)));
    for (size_t i = 0; i < numbers.size(); ++i) {
      // Too large for a float is beyond the bounds all the same.
      action[i] = static_cast<float>(
          std::clamp(numbers[i], -double{FLT_MAX}, double{FLT_MAX}));
    }
    ++row;
    return true;
  });
}

absl::StatusOr<std::string> ActOnRecorded(const CsvTable& observations,
                                          const v1::EnvSpec& spec,
                                          Actor& actor) {
  ASSIGN_OR_RETURN(std::vector<int> columns,
                   ObservationColumns(observations, spec));
  const int state_size = static_cast<int>(spec.state_size());
  const int action_size = static_cast<int>(spec.action_size());
  const int reset = observations.Column("reset");
  if (reset >= 0) columns.push_back(reset);

  std::string out;
  AppendCsvNames("action", action_size, &out);
  out += '\n';
  std::vector<double> numbers(columns.size()), answer(action_size);
  Eigen::VectorXf state(state_size), action(action_size);
  Observation observation;
  new (&observation.state)
      Eigen::Map<const Eigen::VectorXf>(state.data(), state.size());
  for (int row = 0; row < observations.num_rows(); ++row) {
    RETURN_IF_ERROR(
        observations.ReadRow(row, columns, absl::MakeSpan(numbers)));
    const double begins = reset >= 0 ? numbers.back() : 0;
    if (begins != 0 && begins != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(observations.Where(row), ": column ", reset + 1,
                       " (reset): ", begins, " is neither 0 nor 1"));
    }
    if (row == 0 || begins == 1) actor.Reset();
    for (int i = 0; i < state_size; ++i) {
      state[i] = static_cast<float>(numbers[i]);
    }
    actor.Act(observation, action);
    for (int i = 0; i < action_size; ++i) answer[i] = action[i];
    AppendCsvRow(answer, &out);
  }
  return out;
}

}  // namespace starling
