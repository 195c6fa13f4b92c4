#include "workers/rollout_evaluator.h"

#include <memory>
#include <utility>

#include "base/status.h"
#include "workers/evaluator.h"

namespace starling {
namespace {

class RolloutEvaluator : public UnitEvaluator {
 public:
  explicit RolloutEvaluator(std::unique_ptr<Evaluator> evaluator)
      : evaluator_(std::move(evaluator)) {}
  const v1::EnvSpec& env_spec() const override {
    return evaluator_->env_spec();
  }
  void SetState(std::shared_ptr<const v1::PolicyState> state) override {
    evaluator_->SetState(std::move(state));
  }
  v1::RolloutResult Evaluate(const v1::WorkUnit& unit) override {
    return evaluator_->Evaluate(unit);
  }
  uint64_t steps() const override { return evaluator_->steps(); }

 private:
  const std::unique_ptr<Evaluator> evaluator_;
};

}  // namespace

EvaluatorFactory RolloutEvaluators(std::atomic<uint64_t>* steps) {
  return [steps](const v1::Experiment& experiment)
             -> absl::StatusOr<std::unique_ptr<UnitEvaluator>> {
    ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator,
                     Evaluator::Create(experiment, steps));
    return std::make_unique<RolloutEvaluator>(std::move(evaluator));
  };
}

}  // namespace starling
