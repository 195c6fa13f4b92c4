// Units of work, as they come from an aggregator, in a worker's evaluator.
#include "aggregator/result_check.h"
#include "base/file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small_worker.h"

namespace starling {

bool ParseOne(absl::string_view bytes) {
  static Evaluator* const worker = [] {
    Evaluator* evaluator = NewSmallWorker().release();
    evaluator->SetState(std::make_shared<v1::PolicyState>(SmallState()));
    return evaluator;
  }();
  v1::WorkUnit unit;
  if (!unit.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return false;
  }
  const v1::RolloutResult result = worker->Evaluate(unit);
  // Whatever was asked, the aggregator can take the answer.
  const absl::Status status = CheckResult(unit, result, worker->env_spec());
  CHECK(status.ok()) << status;
  if (result.status() == v1::RolloutResult::ENV_ERROR) return false;

  v1::WorkUnit again;
  CHECK(again.ParseFromString(SerializeDeterministically(unit)));
  CHECK(SerializeDeterministically(worker->Evaluate(again)) ==
        SerializeDeterministically(result));
  return true;
}

std::vector<std::string> Seeds() {
  v1::WorkUnit evaluation = SmallUnit();
  evaluation.set_kind(v1::WorkUnit::EVAL_FRESH);
  evaluation.set_sign(0);
  evaluation.set_keep_moments(false);
  return {SerializeDeterministically(SmallUnit()),
          SerializeDeterministically(evaluation)};
}

}  // namespace starling
