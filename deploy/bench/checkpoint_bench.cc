#include "deploy/bench/checkpoint_bench.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/checkpoint.h"
#include "base/rng.h"
#include "base/status.h"
#include "deploy/bench/scratch_folder.h"
#include "proto/checkpoint.pb.h"
#include "proto/strategy_state.pb.h"

namespace starling {
namespace {

// 3 numbers a parameter, 24 bytes: a message has at most 2 GiB.
constexpr int kMaxParameters = 50'000'000;

v1::Checkpoint CheckpointOf(int parameters) {
  Rng rng(1);
  v1::AdamState adam;
  v1::AntitheticState strategy;
  v1::Checkpoint checkpoint;
  v1::SearchDistribution* const distribution =
      checkpoint.mutable_state()->mutable_distribution();
  distribution->set_sigma(0.05f);
  // Bits that no compression could use.
  for (int i = 0; i < parameters; ++i) {
    distribution->add_mean(static_cast<float>(rng.Uniform(-1, 1)));
    adam.add_first_moment(rng.Uniform(-1, 1));
    adam.add_second_moment(rng.Uniform());
  }
  *strategy.mutable_mean() = distribution->mean();
  strategy.set_optimizer_kind("adam");
  strategy.set_optimizer(adam.SerializeAsString());
  checkpoint.set_strategy(strategy.SerializeAsString());
  return checkpoint;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

absl::StatusOr<CheckpointRow> MeasureCheckpoint(int parameters, int repetitions,
                                                const std::string& folder) {
  if (parameters < 1 || parameters > kMaxParameters) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameters must be in [1, ", kMaxParameters, "], got ",
                     parameters));
  }
  if (repetitions < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("repetitions must be >= 1, got ", repetitions));
  }
  ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Create(folder));
  ASSIGN_OR_RETURN(CheckpointStore store,
                   CheckpointStore::Open(scratch.path(),
                                         CheckpointStore::Access::kOwner));
  v1::Checkpoint checkpoint = CheckpointOf(parameters);
  std::vector<double> saves_s, loads_s;
  // From 1 on: not one that is kept for ever.
  for (int i = 1; i <= repetitions; ++i) {
    checkpoint.mutable_state()->set_generation(i);
    v1::Checkpoint copy = checkpoint;
    auto start = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(store.Save(std::move(copy)));
    saves_s.push_back(SecondsSince(start));
    start = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(store.Load(i).status());
    loads_s.push_back(SecondsSince(start));
  }
  struct stat file;
  CheckpointRow row;
  if (stat(store.PathOf(repetitions).c_str(), &file) == 0) {
    row.mib = static_cast<double>(file.st_size) / (1 << 20);
  }
  row.parameters = parameters;
  row.repetitions = repetitions;
  row.save_worst_s = *std::max_element(saves_s.begin(), saves_s.end());
  row.save_s = Median(std::move(saves_s));
  row.load_s = Median(std::move(loads_s));
  return row;
}

}  // namespace starling
