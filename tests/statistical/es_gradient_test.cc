// Is the estimate of the gradient what the theory says: unbiased, and with the
// error that its formula predicts?
//
// Theory, for iid Gaussian directions, n pairs, d parameters, raw fitness:
//   E[ghat] = gradient of the smoothed objective E f(theta + sigma epsilon)
//   linear f = a x:  E|ghat - a|^2 = |a|^2 (d + 1) / n
//   luck of deviation s in each return adds  d s^2 / (2 n sigma^2)
// Seeds are fixed: a test that passes once passes always.
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "aggregator/es/fitness_shaping.h"
#include "base/noise.h"
#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kParameters = 40;
constexpr double kSigma = 0.1;

using Vector = Eigen::VectorXd;
using Objective = std::function<double(const Vector&)>;
// Changes the outcomes of a generation before they are shaped.
using Accident = std::function<void(Rng*, std::vector<DirectionOutcome>*)>;

v1::FitnessShaping Raw() {
  v1::FitnessShaping shaping;
  shaping.mutable_raw();
  return shaping;
}

// Elements from 0.5 to 1.5.
Vector Slope() { return Vector::LinSpaced(kParameters, 0.5, 1.5); }

Objective Linear() {
  return [](const Vector& x) { return Slope().dot(x); };
}

class GradientTest : public testing::Test {
 protected:
  // ghat of one generation at theta.
  Vector Estimate(uint64_t generation, int pairs, const Vector& theta,
                  const Objective& objective, const Accident& accident = {},
                  const v1::FitnessShaping& shaping = Raw()) {
    const std::unique_ptr<NoiseStream> stream = noise_->Open(generation);
    Eigen::VectorXf epsilon(kParameters);
    std::vector<DirectionOutcome> outcomes;
    for (int i = 0; i < pairs; ++i) {
      stream->Fill(i, epsilon);
      const Vector offset = kSigma * epsilon.cast<double>();
      outcomes.push_back(
          {true, objective(theta + offset), objective(theta - offset)});
    }
    if (accident) {
      Rng rng(DeriveSeed(1, Stream::kEnv, generation, 0, 0));
      accident(&rng, &outcomes);
    }
    Vector sum(kParameters);
    noise_->WeightedSum(
        generation, ShapeFitness(shaping, outcomes, kSigma).weights, 1, sum);
    return sum;
  }

  // Over `repeats` independent generations: mean and mean squared error.
  struct Statistics {
    Vector mean = Vector::Zero(kParameters);
    // Of each element of the mean.
    Vector standard_error = Vector::Zero(kParameters);
    double squared_error = 0;
  };
  Statistics Repeat(int repeats, int pairs, const Vector& theta,
                    const Objective& objective, const Vector& truth,
                    const Accident& accident = {}) {
    Statistics statistics;
    Vector squares = Vector::Zero(kParameters);
    for (int t = 0; t < repeats; ++t) {
      const Vector error =
          Estimate(t, pairs, theta, objective, accident) - truth;
      statistics.mean += error / repeats;
      squares += error.cwiseAbs2() / repeats;
    }
    statistics.squared_error = squares.sum();
    statistics.standard_error =
        ((squares - statistics.mean.cwiseAbs2()) / repeats).cwiseSqrt();
    statistics.mean += truth;
    return statistics;
  }

  // Each of the 40 elements within 4.5 standard errors of the truth: a false
  // alarm once in 3500 seeds.
  static void ExpectUnbiased(const Statistics& statistics,
                             const Vector& truth) {
    for (int i = 0; i < kParameters; ++i) {
      EXPECT_NEAR(statistics.mean[i], truth[i],
                  4.5 * statistics.standard_error[i])
          << i;
    }
  }

  const std::unique_ptr<Noise> noise_ = *Noise::Create(
      v1::NoiseConfig(), /*seed=*/17, {{"weights", 0, kParameters, 1}});
};

TEST_F(GradientTest, OfALinearFunctionIsUnbiasedWithThePredictedError) {
  const Vector truth = Slope();
  for (const int pairs : {10, 40, 80}) {
    const Statistics statistics =
        Repeat(3000, pairs, Vector::Zero(kParameters), Linear(), truth);

    ExpectUnbiased(statistics, truth);
    const double predicted = truth.squaredNorm() * (kParameters + 1) / pairs;
    EXPECT_NEAR(statistics.squared_error, predicted, 0.05 * predicted);
  }
}

TEST_F(GradientTest, OfAQuadraticIsUnbiased) {
  const Vector theta = Vector::Constant(kParameters, 0.7);
  const auto quadratic = [](const Vector& x) {
    return -0.5 * x.dot(Slope().cwiseProduct(x)) + x[0] * x[1];
  };
  Vector truth = -Slope().cwiseProduct(theta);
  truth[0] += theta[1];
  truth[1] += theta[0];

  ExpectUnbiased(Repeat(2000, 20, theta, quadratic, truth), truth);
}

TEST_F(GradientTest, OfACubicIsThatOfTheSmoothedFunction) {
  // E (x + sigma e)^3 = x^3 + 3 sigma^2 x: the smoothed slope is steeper. At
  // theta = 0.1 by a factor of 2, so that a plain gradient would not pass.
  const Vector theta = Vector::Constant(kParameters, 0.1);
  const auto cubic = [](const Vector& x) {
    return Slope().dot(x.cwiseProduct(x).cwiseProduct(x));
  };
  const Vector truth = 3 * (0.1 * 0.1 + kSigma * kSigma) * Slope();

  ExpectUnbiased(Repeat(4000, 20, theta, cubic, truth), truth);
}

TEST_F(GradientTest, LuckAddsThePredictedError) {
  const Vector truth = Slope();
  const double luck = 0.4;
  const int pairs = 20;
  const auto unlucky = [&](Rng* rng, std::vector<DirectionOutcome>* outcomes) {
    for (DirectionOutcome& outcome : *outcomes) {
      outcome.plus += luck * rng->Normal();
      outcome.minus += luck * rng->Normal();
    }
  };

  const Statistics statistics =
      Repeat(3000, pairs, Vector::Zero(kParameters), Linear(), truth, unlucky);

  ExpectUnbiased(statistics, truth);
  const double predicted =
      truth.squaredNorm() * (kParameters + 1) / pairs +
      kParameters * luck * luck / (2 * pairs * kSigma * kSigma);
  EXPECT_NEAR(statistics.squared_error, predicted, 0.05 * predicted);
}

TEST_F(GradientTest, LuckThatAPairSharesCancels) {
  const Vector theta = Vector::Zero(kParameters);
  const auto shared = [](Rng* rng, std::vector<DirectionOutcome>* outcomes) {
    for (DirectionOutcome& outcome : *outcomes) {
      const double luck = 100 * rng->Normal();
      outcome.plus += luck;
      outcome.minus += luck;
    }
  };

  const Vector without = Estimate(0, 20, theta, Linear());
  const Vector with = Estimate(0, 20, theta, Linear(), shared);

  EXPECT_LT((with - without).norm(), 1e-10 * without.norm());
}

TEST_F(GradientTest, DroppedPairsLeaveItUnbiased) {
  const Vector truth = Slope();
  const auto failures = [](Rng* rng, std::vector<DirectionOutcome>* outcomes) {
    for (DirectionOutcome& outcome : *outcomes) {
      outcome.valid = rng->Uniform() > 0.2;
    }
  };

  const Statistics statistics =
      Repeat(4000, 20, Vector::Zero(kParameters), Linear(), truth, failures);

  ExpectUnbiased(statistics, truth);
  // To count a dropped pair as zeros would shrink the mean by 20 %. Along the
  // truth each generation's estimate has a variance of about 2 / 16, so this
  // is 3.6 standard errors.
  EXPECT_NEAR(statistics.mean.dot(truth) / truth.squaredNorm(), 1, 0.02);
}

TEST_F(GradientTest, RanksResistOneForgedReturn) {
  const auto forge = [](Rng*, std::vector<DirectionOutcome>* outcomes) {
    (*outcomes)[3].minus = 1e9;
  };
  const auto cosine = [](const Vector& a, const Vector& b) {
    return a.dot(b) / (a.norm() * b.norm());
  };
  const Vector theta = Vector::Zero(kParameters);
  const v1::FitnessShaping ranks;
  const Vector honest = Estimate(0, 100, theta, Linear(), {}, ranks);
  const Vector forged = Estimate(0, 100, theta, Linear(), forge, ranks);
  const Vector raw = Estimate(0, 100, theta, Linear(), forge, Raw());

  EXPECT_GT(cosine(forged, honest), 0.95);
  EXPECT_LT(cosine(raw, honest), 0.5);
}

}  // namespace
}  // namespace starling
