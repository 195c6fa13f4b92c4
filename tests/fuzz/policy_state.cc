// States of the search, as a worker fetches them, in its evaluator.
#include "aggregator/result_check.h"
#include "base/file.h"
#include "base/moments.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small_worker.h"

namespace starling {
namespace {

v1::RolloutResult Evaluate(const v1::PolicyState& state) {
  static Evaluator* const worker = NewSmallWorker().release();
  worker->SetState(std::make_shared<v1::PolicyState>(state));
  v1::WorkUnit unit = SmallUnit();
  unit.set_generation(state.generation());
  const v1::RolloutResult result = worker->Evaluate(unit);
  const absl::Status status = CheckResult(unit, result, worker->env_spec());
  CHECK(status.ok()) << status;
  return result;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::PolicyState state;
  if (!state.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return false;
  }
  const v1::RolloutResult result = Evaluate(state);
  if (result.status() == v1::RolloutResult::ENV_ERROR) return false;

  v1::PolicyState again;
  CHECK(again.ParseFromString(SerializeDeterministically(state)));
  CHECK(SerializeDeterministically(Evaluate(again)) ==
        SerializeDeterministically(result));
  return true;
}

std::vector<std::string> Seeds() {
  Moments moments(3);
  moments.Add(Eigen::Vector3f(1, -0.5, 2));
  moments.Add(Eigen::Vector3f(0, 0.5, -8));
  v1::PolicyState later = SmallState();
  *later.mutable_moments() = moments.ToProto();
  return {SerializeDeterministically(SmallState()),
          SerializeDeterministically(later)};
}

}  // namespace starling
