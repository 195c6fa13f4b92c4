// Functions to minimise, as environments: the workbench of search methods.
//
// An episode is one step without observations; its return is -f(x),
// x = offset + action, and every function has its minimum 0 at x = 0, but
// rosenbrock at x = 1.
//
//   sphere             sum x_i^2
//   ellipsoid          sum 10^(6 i / (d - 1)) x_i^2, i = 0 .. d-1
//   rotated_ellipsoid  ellipsoid, turned by a random rotation
//   rosenbrock         sum 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2
//   rastrigin          10 d + sum x_i^2 - 10 cos(2 pi x_i)
//
// Any of them may be turned around its minimum and the minimum be moved: then
// the argument is c + R (x - c - shift), c being the minimum before.
//
// O(d) a step, O(d^2) if rotated. + - * / sqrt only: the same bits on every
// machine.
#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/math_double.h"
#include "base/validate.h"
#include "envs/env.h"

namespace starling {
namespace {

constexpr int kMaxDimension = 100000;
constexpr int kMaxRotated = 1000;  // 8 MB of rotation

using Vector = std::vector<double>;

// e^t for t in [0, 14], to about 10^-14.
double Exponential(double t) {
  // Taylor below 0.22, then six squarings.
  const double small = t / 64;
  double sum = 1;
  for (int k = 14; k >= 1; --k) sum = 1 + small * sum / k;
  for (int i = 0; i < 6; ++i) sum *= sum;
  return sum;
}

// Conditions of the axes, from 1 to 10^6.
Vector EllipsoidScales(int dimension) {
  constexpr double kLogOfMillion = 13.815510557964274;
  Vector scales(dimension, 1.0);
  for (int i = 1; i < dimension; ++i) {
    scales[i] = Exponential(kLogOfMillion * i / (dimension - 1));
  }
  return scales;
}

// Orthonormal rows [d, d]: normals made orthogonal, twice for accuracy. Kept
// column by column.
Vector RandomRotation(int d, uint64_t seed) {
  Vector rows(static_cast<size_t>(d) * d);
  Rng rng(seed);
  for (double& value : rows) value = rng.Normal();
  for (int i = 0; i < d; ++i) {
    double* row = &rows[static_cast<size_t>(i) * d];
    for (int pass = 0; pass < 2; ++pass) {
      for (int j = 0; j < i; ++j) {
        const double* other = &rows[static_cast<size_t>(j) * d];
        double product = 0;
        for (int k = 0; k < d; ++k) product += row[k] * other[k];
        for (int k = 0; k < d; ++k) row[k] -= product * other[k];
      }
      double squares = 0;
      for (int k = 0; k < d; ++k) squares += row[k] * row[k];
      const double norm = std::sqrt(squares);
      for (int k = 0; k < d; ++k) row[k] /= norm;
    }
  }
  Eigen::Map<Eigen::MatrixXd>(rows.data(), d, d).transposeInPlace();
  return rows;
}

double Sphere(const Vector& x, const Vector& scales) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return sum;
}

double Ellipsoid(const Vector& x, const Vector& scales) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += scales[i] * x[i] * x[i];
  return sum;
}

double Rosenbrock(const Vector& x, const Vector& scales) {
  double sum = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    const double valley = x[i + 1] - x[i] * x[i];
    const double rest = 1 - x[i];
    sum += 100 * valley * valley + rest * rest;
  }
  return sum;
}

double Rastrigin(const Vector& x, const Vector& scales) {
  double sum = 0;
  for (const double value : x) {
    // The cosine's period is 1: its argument is reduced exactly.
    const double phase = value - std::floor(value);
    sum += value * value + 10 * (1 - Cos(2 * kPi * phase));
  }
  return sum;
}

// Whole numbers in [-most, most].
Vector RandomShift(int d, uint32_t most, uint64_t seed) {
  Vector shift(d, 0.0);
  Rng rng(DeriveSeed(seed, Stream::kEnv, 0, 1, 0));
  for (double& value : shift) {
    value = static_cast<double>(rng.Below(2 * most + 1)) - most;
  }
  return shift;
}

struct Task {
  double (*function)(const Vector& x, const Vector& scales);
  const v1::BlackBox& (v1::EnvConfig::*options)() const;
  double offset;
  // Every coordinate of the minimum.
  double minimum;
  int min_dimension;
  bool rotated;
};

class BlackBoxEnv : public Env {
 public:
  static absl::StatusOr<std::unique_ptr<Env>> Create(
      const v1::EnvConfig& config, const Task& task) {
    const std::vector<std::string> violations = RangeViolations(config, {});
    if (!violations.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(violations, "; "));
    }
    const std::string kind = EnvRegistry::KindOf(config);
    const v1::BlackBox& options = (config.*task.options)();
    const int64_t dimension = options.dimension();
    const bool rotated = task.rotated || options.rotated();
    const int most = rotated ? kMaxRotated : kMaxDimension;
    if (dimension < task.min_dimension || dimension > most) {
      return absl::InvalidArgumentError(absl::StrCat(
          "env.", kind, ".dimension must be in [", task.min_dimension, ", ",
          most, "]", rotated ? ", since it is rotated," : ",", " got ",
          dimension));
    }
    if (config.max_steps() > 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "env.max_steps must be 0 or 1 for ", kind,
          ", whose episodes are one step, got ", config.max_steps()));
    }
    return std::unique_ptr<Env>(new BlackBoxEnv(config, task));
  }

  const v1::EnvSpec& spec() const override { return spec_; }

  void Reset(Rng rng) override {}

  StepResult Step(ConstVectorRef action) override {
    const size_t d = x_.size();
    for (size_t i = 0; i < d; ++i) x_[i] = offset_ + action[i] - shift_[i];
    if (!rotation_.empty()) {
      for (size_t i = 0; i < d; ++i) from_minimum_[i] = x_[i] - minimum_;
      // Column by column: each sum in its own lane, in the order of columns.
      using Lanes = Eigen::Map<Eigen::ArrayXd>;
      using ConstLanes = Eigen::Map<const Eigen::ArrayXd>;
      const auto size = static_cast<Eigen::Index>(d);
      Lanes x(x_.data(), size);
      x.setZero();
      for (size_t k = 0; k < d; ++k) {
        x += ConstLanes(&rotation_[k * d], size) * from_minimum_[k];
      }
      x += minimum_;
    }
    const double value = function_(x_, scales_);
    return {-value,
            std::isfinite(value) ? Outcome::kTerminated : Outcome::kDiverged};
  }

  Observation observation() const override { return {}; }

 private:
  BlackBoxEnv(const v1::EnvConfig& config, const Task& task)
      : function_(task.function), minimum_(task.minimum) {
    const v1::BlackBox& options = (config.*task.options)();
    const int d = options.dimension();
    offset_ = options.has_offset() ? options.offset() : task.offset;
    shift_ = RandomShift(d, options.shift(), options.instance());
    x_.resize(d);
    if (task.function == Ellipsoid) scales_ = EllipsoidScales(d);
    if (task.rotated || options.rotated()) {
      rotation_ = RandomRotation(d, options.instance());
      from_minimum_.resize(d);
    }
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    spec_.set_name(EnvRegistry::KindOf(config));
    spec_.set_state_size(0);
    spec_.set_action_size(d);
    spec_.mutable_action_low()->Resize(d, -kInfinity);
    spec_.mutable_action_high()->Resize(d, kInfinity);
    spec_.set_max_steps(1);
  }

  double (*const function_)(const Vector& x, const Vector& scales);
  const double minimum_;
  double offset_;
  v1::EnvSpec spec_;
  Vector scales_;
  Vector shift_;
  // Column by column.
  Vector rotation_;
  Vector from_minimum_;
  Vector x_;
};

#define STARLING_REGISTER_FUNCTION(kind, function, offset, minimum, smallest, \
                                   rotated)                                   \
  STARLING_REGISTER_ENV(kind, [](const v1::EnvConfig& config) {               \
    return BlackBoxEnv::Create(config, {function, &v1::EnvConfig::kind,       \
                                        offset, minimum, smallest, rotated}); \
  })

STARLING_REGISTER_FUNCTION(sphere, Sphere, 1, 0, 1, false);
STARLING_REGISTER_FUNCTION(ellipsoid, Ellipsoid, 1, 0, 1, false);
STARLING_REGISTER_FUNCTION(rotated_ellipsoid, Ellipsoid, 1, 0, 1, true);
STARLING_REGISTER_FUNCTION(rosenbrock, Rosenbrock, 0, 1, 2, false);
STARLING_REGISTER_FUNCTION(rastrigin, Rastrigin, 2.5, 0, 1, false);

}  // namespace
}  // namespace starling
