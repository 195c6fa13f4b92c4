// What every optimiser promises, whatever its formula.
#include "aggregator/es/optimizer.h"

#include <limits>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kSize = 5;

v1::OptimizerConfig Config(const std::string& name) {
  v1::OptimizerConfig config = *OptimizerRegistry::Default(name);
  // Without momentum sgd has nothing to remember.
  if (config.has_sgd()) config.mutable_sgd()->set_momentum(0.9);
  return config;
}

std::unique_ptr<Optimizer> Make(const std::string& name, int size = kSize) {
  return *OptimizerRegistry::Make(Config(name), size);
}

Eigen::VectorXd Ascent(int t, int size = kSize) {
  Eigen::VectorXd ascent(size);
  for (int i = 0; i < size; ++i) ascent[i] = 0.1 * (i + 1) - 0.07 * t * i;
  return ascent;
}

class EveryOptimizerTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryOptimizerTest, FirstStepGoesUpwards) {
  const Eigen::VectorXd step = Make(GetParam())->Step(Ascent(0));

  for (int i = 0; i < kSize; ++i) EXPECT_GT(step[i], 0);
}

TEST_P(EveryOptimizerTest, NoGradientGivesNoFirstStep) {
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(kSize);

  EXPECT_EQ(Make(GetParam())->Step(zero), zero);
}

TEST_P(EveryOptimizerTest, RestoredOneTakesTheSameSteps) {
  const std::unique_ptr<Optimizer> saved = Make(GetParam());
  for (int t = 0; t < 3; ++t) saved->Step(Ascent(t));
  const std::unique_ptr<Optimizer> restored = Make(GetParam());

  ASSERT_TRUE(restored->Restore(saved->Save()).ok());

  EXPECT_EQ(restored->Save(), saved->Save());
  for (int t = 3; t < 6; ++t) {
    EXPECT_EQ(restored->Step(Ascent(t)), saved->Step(Ascent(t)));
  }
}

TEST_P(EveryOptimizerTest, CloneIsEqualAndOnItsOwn) {
  const std::unique_ptr<Optimizer> original = Make(GetParam());
  original->Step(Ascent(0));
  const std::string before = original->Save();

  const std::unique_ptr<Optimizer> clone = original->Clone();
  const Eigen::VectorXd step = clone->Step(Ascent(1));

  EXPECT_EQ(original->Save(), before);
  EXPECT_NE(clone->Save(), before);
  EXPECT_EQ(original->Step(Ascent(1)), step);
}

TEST_P(EveryOptimizerTest, StateOfAnotherSizeIsRefused) {
  const std::unique_ptr<Optimizer> larger = Make(GetParam(), kSize + 1);
  larger->Step(Ascent(0, kSize + 1));
  const std::unique_ptr<Optimizer> optimizer = Make(GetParam());
  const std::string before = optimizer->Save();

  EXPECT_EQ(optimizer->Restore(larger->Save()).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(optimizer->Save(), before);
}

TEST_P(EveryOptimizerTest, DamagedStateIsRefused) {
  const std::unique_ptr<Optimizer> optimizer = Make(GetParam());
  optimizer->Step(Ascent(0));
  const std::string saved = optimizer->Save();

  for (const std::string& damaged : {saved.substr(0, saved.size() - 3),
                                     std::string("\xff\xff"), std::string()}) {
    EXPECT_EQ(optimizer->Restore(damaged).code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(optimizer->Save(), saved);
}

TEST_P(EveryOptimizerTest, StateThatIsNotFiniteIsRefused) {
  const std::unique_ptr<Optimizer> poisoned = Make(GetParam());
  Eigen::VectorXd ascent = Ascent(0);
  ascent[1] = std::numeric_limits<double>::quiet_NaN();
  poisoned->Step(ascent);

  EXPECT_EQ(Make(GetParam())->Restore(poisoned->Save()).code(),
            absl::StatusCode::kDataLoss);
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryOptimizerTest,
                         testing::ValuesIn(OptimizerRegistry::Names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace starling
