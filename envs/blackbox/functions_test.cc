#include <Eigen/Eigenvalues>
#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "envs/env.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::EnvConfig Config(const std::string& kind, int dimension) {
  v1::EnvConfig config = EnvRegistry::Default(kind).value();
  const auto* field = config.GetDescriptor()->FindFieldByName(kind);
  auto* options = static_cast<v1::BlackBox*>(
      config.GetReflection()->MutableMessage(&config, field));
  options->set_dimension(dimension);
  options->set_offset(0);
  return config;
}

// f at x.
double Value(Env& env, const Eigen::VectorXf& x) {
  env.Reset(Rng(1));
  return -env.Step(x).reward;
}

double Value(const std::string& kind, const Eigen::VectorXf& x) {
  return Value(*EnvRegistry::Make(Config(kind, x.size())).value(), x);
}

Eigen::VectorXf Unit(int dimension, int axis) {
  return Eigen::VectorXf::Unit(dimension, axis);
}

TEST(FunctionsTest, MinimumIsZeroWhereItShouldBe) {
  for (const char* kind :
       {"sphere", "ellipsoid", "rotated_ellipsoid", "rastrigin"}) {
    EXPECT_EQ(Value(kind, Eigen::VectorXf::Zero(7)), 0) << kind;
    EXPECT_GT(Value(kind, Unit(7, 3) * 0.01f), 0) << kind;
  }
  EXPECT_EQ(Value("rosenbrock", Eigen::VectorXf::Ones(7)), 0);
  EXPECT_GT(Value("rosenbrock", Eigen::VectorXf::Zero(7)), 0);
}

TEST(FunctionsTest, KnownValues) {
  EXPECT_EQ(Value("sphere", Eigen::Vector3f(1, 2, -3)), 14);
  // 100 (2 - 1)^2 + 0.
  EXPECT_EQ(Value("rosenbrock", Eigen::Vector2f(1, 2)), 100);
  EXPECT_EQ(Value("rosenbrock", Eigen::VectorXf::Zero(5)), 4);
  // Half a period from the minimum: 0.25 + 20.
  EXPECT_NEAR(Value("rastrigin", Eigen::Vector2f(0.5, 0)), 20.25, 1e-12);
  EXPECT_NEAR(Value("rastrigin", Eigen::Vector2f(-2, 1)), 5, 1e-12);
}

TEST(FunctionsTest, EllipsoidsAxesGrowEvenlyToAMillion) {
  for (int i = 0; i < 7; ++i) {
    EXPECT_NEAR(Value("ellipsoid", Unit(7, i)) / std::pow(10.0, i), 1, 1e-12);
  }
  EXPECT_EQ(Value("ellipsoid", Unit(1, 0)), 1);
}

TEST(FunctionsTest, RotationKeepsTheSpectrum) {
  constexpr int kDimension = 12;
  auto env = EnvRegistry::Make(Config("rotated_ellipsoid", kDimension)).value();

  // The Hessian by polarisation; its eigenvalues are twice the conditions.
  Eigen::MatrixXd half_hessian(kDimension, kDimension);
  for (int i = 0; i < kDimension; ++i) {
    for (int j = 0; j < kDimension; ++j) {
      const double plus =
          Value(*env, Unit(kDimension, i) + Unit(kDimension, j));
      const double minus =
          Value(*env, Unit(kDimension, i) - Unit(kDimension, j));
      half_hessian(i, j) = (plus - minus) / 4;
    }
  }
  const Eigen::VectorXd conditions =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(half_hessian)
          .eigenvalues();

  // Rounding of the largest eigenvalue, 10^6, disturbs the smallest by 10^-10.
  for (int i = 0; i < kDimension; ++i) {
    const double expected = std::pow(10.0, 6.0 * i / (kDimension - 1));
    EXPECT_NEAR(conditions[i], expected, 1e-8 * expected + 1e-8);
  }
  // It is a rotation, not the identity.
  EXPECT_GT(std::fabs(half_hessian(0, 1)), 1);
}

TEST(FunctionsTest, RotationIsChosenByTheInstance) {
  v1::EnvConfig first = Config("rotated_ellipsoid", 5);
  v1::EnvConfig second = first;
  second.mutable_rotated_ellipsoid()->set_instance(2);
  const Eigen::VectorXf x = Eigen::VectorXf::Ones(5);

  const double value = Value(*EnvRegistry::Make(first).value(), x);

  EXPECT_EQ(Value(*EnvRegistry::Make(first).value(), x), value);
  EXPECT_NE(Value(*EnvRegistry::Make(second).value(), x), value);
}

TEST(FunctionsTest, AnyFunctionMayBeTurnedAndMoved) {
  for (const char* kind : {"sphere", "ellipsoid", "rosenbrock", "rastrigin"}) {
    SCOPED_TRACE(kind);
    constexpr int kDimension = 6;
    const v1::EnvConfig still = Config(kind, kDimension);
    const auto make = [&](bool rotated, int shift) {
      v1::EnvConfig config = still;
      auto* options =
          static_cast<v1::BlackBox*>(config.GetReflection()->MutableMessage(
              &config, config.GetDescriptor()->FindFieldByName(kind)));
      options->set_rotated(rotated);
      options->set_shift(shift);
      return *EnvRegistry::Make(config);
    };
    const auto plain = make(false, 0), moved = make(false, 4),
               turned = make(true, 0), both = make(true, 4);
    const float minimum = std::string(kind) == "rosenbrock" ? 1 : 0;
    const Eigen::VectorXf center =
        Eigen::VectorXf::Constant(kDimension, minimum);
    EXPECT_NEAR(Value(*turned, center), 0, 1e-20);
    Rng rng(DeriveSeed(1, Stream::kEnv, 0, 1, 0));
    Eigen::VectorXf shift(kDimension);
    for (float& value : shift) value = static_cast<float>(rng.Below(9)) - 4.0f;
    EXPECT_NEAR(Value(*moved, center + shift), 0, 1e-20);
    EXPECT_NEAR(Value(*both, center + shift), 0, 1e-20);

    const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(kDimension, -2, 3);
    EXPECT_EQ(Value(*moved, x + shift), Value(*plain, x));
    EXPECT_EQ(Value(*both, x + shift), Value(*turned, x));
    if (std::string(kind) != "sphere") {
      EXPECT_GT(std::fabs(Value(*turned, x) / Value(*plain, x) - 1), 1e-3);
    } else {
      EXPECT_NEAR(Value(*turned, x) / Value(*plain, x), 1, 1e-12);
    }
  }
}

TEST(FunctionsTest, SearchesStartAtTheOffset) {
  const auto at_zero = [](const std::string& kind) {
    auto env = EnvRegistry::Make(EnvRegistry::Default(kind).value()).value();
    EXPECT_EQ(env->spec().action_size(), 10);
    return Value(*env, Eigen::VectorXf::Zero(10));
  };

  EXPECT_EQ(at_zero("sphere"), 10);
  EXPECT_EQ(at_zero("rosenbrock"), 9);
  EXPECT_NEAR(at_zero("rastrigin"), 10 * (2.5 * 2.5 + 20), 1e-10);

  v1::EnvConfig config = Config("sphere", 4);
  config.mutable_sphere()->set_offset(-3);
  auto env = EnvRegistry::Make(config).value();
  EXPECT_EQ(Value(*env, Eigen::VectorXf::Zero(4)), 36);
}

TEST(FunctionsTest, AnEpisodeIsOneStep) {
  auto env = EnvRegistry::Make(Config("sphere", 3)).value();
  env->Reset(Rng(1));

  EXPECT_EQ(env->Step(Eigen::Vector3f(1, 1, 1)).outcome, Outcome::kTerminated);
  env->Reset(Rng(1));
  EXPECT_EQ(env->Step(Eigen::Vector3f(1, std::nanf(""), 1)).outcome,
            Outcome::kDiverged);
}

TEST(FunctionsTest, OptionsThatDoNotFitAreNamed) {
  const auto refusal = [](const v1::EnvConfig& config) {
    const auto env = EnvRegistry::Make(config);
    EXPECT_EQ(env.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(env.status().message());
  };

  EXPECT_EQ(refusal(Config("rosenbrock", 1)),
            "env.rosenbrock.dimension must be in [2, 100000], got 1");
  EXPECT_TRUE(absl::StrContains(refusal(Config("rotated_ellipsoid", 1001)),
                                "[1, 1000], since it is rotated, got 1001"));
  v1::EnvConfig config = Config("sphere", 2);
  config.set_max_steps(7);
  EXPECT_TRUE(absl::StrContains(refusal(config), "max_steps"));
}

}  // namespace
}  // namespace starling
