#include "aggregator/fine_tuning.h"

namespace starling {
namespace {

void HalveDouble(const char* name, google::protobuf::Message* message) {
  const auto* field = message->GetDescriptor()->FindFieldByName(name);
  if (field == nullptr) return;
  const auto* reflection = message->GetReflection();
  reflection->SetDouble(message, field,
                        reflection->GetDouble(*message, field) / 2);
}

}  // namespace

v1::StrategyConfig FineTuningStrategy(const v1::Experiment& experiment) {
  v1::StrategyConfig strategy = experiment.search().fine_tune_strategy();
  if (strategy.kind_case() != v1::StrategyConfig::KIND_NOT_SET) return strategy;
  strategy = experiment.strategy();
  const auto* field = strategy.GetReflection()->GetOneofFieldDescriptor(
      strategy, v1::StrategyConfig::descriptor()->FindOneofByName("kind"));
  if (field == nullptr) return strategy;
  google::protobuf::Message* options =
      strategy.GetReflection()->MutableMessage(&strategy, field);
  HalveDouble("sigma", options);
  HalveDouble("step_size", options);
  if (!strategy.has_openai_es()) return strategy;
  v1::OptimizerConfig* optimizer =
      strategy.mutable_openai_es()->mutable_optimizer();
  if (optimizer->has_clipup()) {
    HalveDouble("max_speed", optimizer->mutable_clipup());
    HalveDouble("step_size", optimizer->mutable_clipup());
  } else if (optimizer->has_sgd()) {
    HalveDouble("step_size", optimizer->mutable_sgd());
  } else if (optimizer->has_adam()) {
    HalveDouble("step_size", optimizer->mutable_adam());
  } else {
    // openai_es takes Adam with a step of 0.02 where none is named.
    optimizer->mutable_adam()->set_step_size(0.01);
  }
  return strategy;
}

}  // namespace starling
