// Random features over very many draws: unbiased, with the variances of the
// closed forms, together and with orthogonal rows.
#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/math_double.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"
#include "policies/attention/exponential_features.h"
#include "policies/attention/kernel_error.h"

namespace starling {
namespace {

v1::FeatureConfig Parse(const std::string& text) {
  v1::FeatureConfig config;
  const absl::Status status = ParseTextProto(text, "features", &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

// Of these lengths with this angle between them.
struct Pair {
  Pair(int dim, double query_norm, double key_norm, double angle)
      : angle(angle), query(Eigen::VectorXd::Zero(dim)), key(query) {
    query[0] = query_norm;
    key[0] = key_norm * std::cos(angle);
    key[1] = key_norm * std::sin(angle);
  }
  double Kernel() const { return std::exp(query.dot(key)); }

  double angle;
  Eigen::VectorXd query, key;
};

const Pair kPairs[] = {Pair(8, 1, 1, 1.5), Pair(8, 1, 0.6, 2.2),
                       Pair(8, 0.8, 1.2, 3), Pair(8, 1, 1, 0.3)};

ProjectionRows Rows(int m, uint64_t seed) {
  v1::Projections config;
  config.set_orthogonal(false);
  config.set_seed(seed);
  return ProjectionRows(config, m, 8, 0);
}

// A million independent rows, an estimate each.
TEST(FeatureVarianceTest, AMillionRowsGiveTheKernelAndItsVariance) {
  constexpr int kRows = 10000, kDraws = 100;
  for (const Pair& pair : kPairs) {
    SCOPED_TRACE(absl::StrCat(pair.query[0], " ", pair.angle));
    const double kernel = pair.Kernel();
    const struct {
      const char* config;
      double (*estimate)(const Eigen::MatrixXd&, const Eigen::VectorXd&,
                         const Eigen::VectorXd&);
    } kKinds[] = {{"trigonometric { m: 1 }", TrigonometricEstimate},
                  {"hyperbolic { m: 1 }", HyperbolicEstimate}};
    double sums[2] = {}, squares[2] = {}, product = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const ProjectionRows rows = Rows(kRows, draw + 1);
      for (int i = 0; i < kRows; ++i) {
        double errors[2];
        for (int kind = 0; kind < 2; ++kind) {
          errors[kind] =
              kKinds[kind].estimate(rows.exact().row(i), pair.query, pair.key) -
              kernel;
          sums[kind] += errors[kind];
          squares[kind] += errors[kind] * errors[kind];
        }
        product += errors[0] * errors[1];
      }
    }
    constexpr double kCount = double{kRows} * kDraws;
    for (int kind = 0; kind < 2; ++kind) {
      SCOPED_TRACE(kKinds[kind].config);
      const double expected =
          *RelativeError(Parse(kKinds[kind].config), pair.query.norm(),
                         pair.key.norm(), pair.angle) *
          kernel;
      EXPECT_NEAR(sums[kind] / kCount, 0, 5 * expected / std::sqrt(kCount));
      // At small angles a million rows seldom have one that errs as the rest
      // do together.
      if (pair.angle > 1) {
        EXPECT_NEAR(squares[kind] / kCount / (expected * expected), 1, 0.05);
      }
    }
    // With rows in common they err against each other, or, where both vectors
    // are of one length, independently.
    const double covariance =
        kernel * kernel *
        (std::cos(pair.query.squaredNorm() - pair.key.squaredNorm()) - 1);
    EXPECT_NEAR(product / kCount, covariance, 0.004 * kernel * kernel);
  }
}

// Mean square of an estimate's relative error.
double MeanSquare(const std::string& kind, const Pair& pair, int draws) {
  double squares = 0;
  for (int seed = 1; seed <= draws; ++seed) {
    const auto map = MakeFeatures(
        Parse(absl::StrCat(kind, " projections { seed: ", seed, " } }")), 16);
    const double error =
        (*map)->Estimate(pair.query, pair.key) / pair.Kernel() - 1;
    squares += error * error / draws;
  }
  return squares;
}

TEST(FeatureVarianceTest, OrthogonalRowsMakeTheHybridTwiceAsGood) {
  const std::string kind = "angular_hybrid { m: 16 n: 8";
  for (const double angle : {kPi / 2, 2.6}) {
    const double independent = *RelativeError(Parse(kind + " }"), 1, 1, angle);
    const double share = MeanSquare(kind, Pair(16, 1, 1, angle), 20000) /
                         (independent * independent);
    EXPECT_GT(share, 0.25);
    EXPECT_LT(share, angle < 2 ? 0.45 : 0.65);
  }
}

// The share of signs that differ is the angle over pi.
TEST(FeatureVarianceTest, SignsTellTheAngle) {
  constexpr int kDraws = 20000, kSigns = 8;
  const Pair pair(16, 1, 0.4, 1.1);
  const Eigen::VectorXf query = pair.query.cast<float>(),
                        key = pair.key.cast<float>();
  double sum = 0;
  Features<float> q, k;
  for (int seed = 1; seed <= kDraws; ++seed) {
    const auto map = MakeFeatures(
        Parse(absl::StrCat(
            "angular_hybrid { m: 1 n: 8 projections { orthogonal: false seed: ",
            seed, " } }")),
        16);
    (*map)->Map(Side::kQuery, query.data(), 1, &q);
    (*map)->Map(Side::kKey, key.data(), 1, &k);
    for (int i = 1; i <= kSigns; ++i) {
      sum += q.weights(0, i) != k.weights(0, i);
    }
  }
  const double expected = 1.1 / kPi;
  EXPECT_NEAR(sum / (kDraws * kSigns), expected,
              4 * std::sqrt(expected * (1 - expected) / (kDraws * kSigns)));
}

}  // namespace
}  // namespace starling
