#include "policies/attention/feature_map.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/math_double.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"
#include "policies/attention/complex_map.h"
#include "policies/attention/kernel_error.h"
#include "policies/attention/orthogonal.h"

namespace starling {
namespace {

v1::FeatureConfig Parse(const std::string& text) {
  v1::FeatureConfig config;
  const absl::Status status = ParseTextProto(text, "features", &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

std::shared_ptr<const FeatureMap> Make(const std::string& text, int dim) {
  auto map = MakeFeatures(Parse(text), dim);
  EXPECT_TRUE(map.ok()) << map.status();
  return *std::move(map);
}

// Of these lengths with this angle between them.
struct Pair {
  Pair(int dim, double query_norm, double key_norm, double angle)
      : query(Eigen::VectorXd::Zero(dim)), key(query) {
    query[0] = query_norm;
    key[0] = key_norm * std::cos(angle);
    key[1] = key_norm * std::sin(angle);
  }
  double Kernel() const { return std::exp(query.dot(key)); }

  Eigen::VectorXd query, key;
};

// Every kind, for tokens of 6 numbers.
std::vector<std::string> Kinds(int m = 5) {
  std::vector<std::string> kinds;
  for (const char* const kind :
       {"trigonometric { m: # }", "positive { m: # epsilon: 0 }",
        "hyperbolic { m: # epsilon: 0 }", "generalized { m: # }",
        "generalized { m: # function: ELU_PLUS_ONE }",
        "generalized { m: # function: GELU }",
        "generalized { m: 0 function: SQUARED_RELU }",
        "angular_hybrid { m: # n: 3 }",
        "gaussian_hybrid { m: # n: 3 tau: 1.5 }",
        "complex_exponential { m: # }",
        "complex_exponential { m: # squares: 2 squares: -0.5 squares: 1 "
        "squares: -1 squares: 3 squares: 0.2 }",
        "clustered_hybrid { m: # queries { values: [1,.5,.4,.7,-.5,.6] } "
        "queries { values: [.3,1,-1,.5,.5,-.4] } keys { values: "
        "[.5,1,.3,-.3,.4,.4] } "
        "keys { values: [-1,.4,.5,.6,.3,-.5] } keys { values: "
        "[.3,-.4,.5,1,1,.3] } }"}) {
    std::string text = kind;
    text.replace(
        text.find('#') == std::string::npos ? text.size() : text.find('#'),
        text.find('#') == std::string::npos ? 0 : 1,
        text.find('#') == std::string::npos ? "" : absl::StrCat(m));
    kinds.push_back(text);
  }
  return kinds;
}

Eigen::VectorXd Draw(int dim, double norm, Rng* rng) {
  Eigen::VectorXd x(dim);
  for (double& value : x) value = rng->Normal();
  return x * (norm / x.norm());
}

// Those of whatever kind is set.
v1::Projections* ProjectionsOf(v1::FeatureConfig* config) {
  const auto* const reflection = config->GetReflection();
  google::protobuf::Message* const options = reflection->MutableMessage(
      config, reflection->GetOneofFieldDescriptor(
                  *config, config->GetDescriptor()->FindOneofByName("kind")));
  return static_cast<v1::Projections*>(options->GetReflection()->MutableMessage(
      options, options->GetDescriptor()->FindFieldByName("projections")));
}

// Mean and variance of estimates over seeds.
struct Sample {
  double mean = 0, variance = 0, standard_error = 0;
};
Sample Estimates(const std::string& kind, const Pair& pair, int draws,
                 bool orthogonal = false) {
  v1::FeatureConfig config = Parse(kind);
  v1::Projections* const projections = ProjectionsOf(&config);
  projections->set_orthogonal(orthogonal);
  double sum = 0, squares = 0;
  for (int i = 0; i < draws; ++i) {
    projections->set_seed(i + 1);
    const auto map = *MakeFeatures(config, static_cast<int>(pair.query.size()));
    const double estimate = map->Estimate(pair.query, pair.key);
    sum += estimate;
    squares += estimate * estimate;
  }
  Sample sample;
  sample.mean = sum / draws;
  sample.variance = squares / draws - sample.mean * sample.mean;
  sample.standard_error = std::sqrt(sample.variance / draws);
  return sample;
}

TEST(RandomRowsTest, BlocksAreOrthogonalAndRowsAsLongAsNormalOnes) {
  Rng rng(1);
  const Eigen::MatrixXd rows =
      RandomRows(20, 8, true, v1::Projections::CHI, &rng);
  for (int first : {0, 8}) {
    const Eigen::MatrixXd block = rows.middleRows(first, 8);
    Eigen::MatrixXd product = block * block.transpose();
    product.diagonal().setZero();
    EXPECT_LT(product.cwiseAbs().maxCoeff(), 1e-12);
  }
  EXPECT_GT(std::fabs(rows.row(0).dot(rows.row(9))), 1e-6);
  const Eigen::MatrixXd even =
      RandomRows(20, 8, true, v1::Projections::SQRT_D, &rng);
  for (int i = 0; i < 20; ++i) EXPECT_NEAR(even.row(i).squaredNorm(), 8, 1e-12);

  constexpr int kDraws = 4000;
  double squares = 0, corner = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Eigen::MatrixXd drawn =
        RandomRows(4, 4, true, v1::Projections::CHI, &rng);
    squares += drawn.row(0).squaredNorm();
    corner += drawn(0, 0);
  }
  // Chi-squared with 4 degrees of freedom has variance 8. A corner of a QR
  // without the sign has the mean of -|N|, not 0.
  EXPECT_NEAR(squares / kDraws, 4, 4 * std::sqrt(8.0 / kDraws));
  EXPECT_NEAR(corner / kDraws, 0, 4 / std::sqrt(kDraws));
}

// The outer products are never formed, so they must be right.
TEST(FeatureMapTest, FeaturesGiveTheEstimateThatDefinesThem) {
  Rng rng(2);
  for (const std::string& kind : Kinds()) {
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 6);
    for (int i = 0; i < 20; ++i) {
      const Eigen::VectorXd query = Draw(6, 0.3 + 0.1 * i, &rng);
      const Eigen::VectorXd key = Draw(6, 1.2, &rng);
      const double direct = map->Estimate(query, key);
      // base/math's sigmoid and tanh are floats; all else is double.
      EXPECT_NEAR(EstimateByFeatures(*map, query, key), direct,
                  1e-12 * (1 + std::fabs(direct)));
    }
  }
}

TEST(FeatureMapTest, FloatsGiveWhatDoublesDo) {
  Rng rng(3);
  for (const std::string& kind : Kinds()) {
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 6);
    const Eigen::VectorXd token = Draw(6, 1.5, &rng);
    const Eigen::VectorXf rounded = token.cast<float>();
    for (const Side side : {Side::kQuery, Side::kKey}) {
      Features<float> floats;
      Features<double> doubles;
      map->Map(side, rounded.data(), 1, &floats);
      map->Map(side, token.data(), 1, &doubles);
      EXPECT_EQ(floats.base.cols(), map->base_size());
      EXPECT_NEAR(
          (floats.base.cast<double>() - doubles.base).cwiseAbs().maxCoeff(), 0,
          2e-6);
      EXPECT_NEAR(floats.log_scale[0], doubles.log_scale[0], 2e-6);
      ASSERT_EQ(floats.weights.size(), doubles.weights.size());
      if (floats.weights.size() == 0) continue;
      EXPECT_EQ(static_cast<size_t>(floats.weights.cols()),
                map->groups().size());
      EXPECT_NEAR((floats.weights.cast<double>() - doubles.weights)
                      .cwiseAbs()
                      .maxCoeff(),
                  0, 2e-6);
    }
  }
}

TEST(FeatureMapTest, EstimatesAreUnbiasedWithTheVarianceOfTheFormula) {
  constexpr int kDraws = 60000;
  for (const char* const kind :
       {"trigonometric { m: 1 }", "positive { m: 1 epsilon: 0 }",
        "hyperbolic { m: 1 epsilon: 0 }", "angular_hybrid { m: 4 n: 4 }",
        "gaussian_hybrid { m: 4 n: 4 }"}) {
    for (const Pair& pair : {Pair(8, 0.6, 0.6, 1.5), Pair(8, 0.8, 0.5, 2.2),
                             Pair(8, 0.5, 0.7, 3)}) {
      SCOPED_TRACE(absl::StrCat(kind, " ", pair.query[0]));
      const Sample sample = Estimates(kind, pair, kDraws);
      EXPECT_NEAR(sample.mean, pair.Kernel(), 5 * sample.standard_error);
      const double angle = std::atan2(pair.key[1], pair.key[0]);
      const auto error =
          RelativeError(Parse(kind), pair.query.norm(), pair.key.norm(), angle);
      ASSERT_TRUE(error.ok());
      const double expected = *error * pair.Kernel();
      EXPECT_NEAR(sample.variance / (expected * expected), 1, 0.06);
    }
  }
}

// The budget of the README's table. One estimate in a thousand may be most of
// the error of the exponential kinds where vectors point the same way: there
// the sample's own standard error is wide.
TEST(FeatureMapTest, ErrorsOf128ProjectionsAreThoseOfTheTable) {
  constexpr int kDraws = 1500;
  for (const char* const kind :
       {"trigonometric { m: 128 }", "positive { m: 128 epsilon: 0 }",
        "hyperbolic { m: 128 epsilon: 0 }",
        "angular_hybrid { m: 112 n: 16 }"}) {
    for (const double degrees : {30.0, 90.0, 150.0}) {
      SCOPED_TRACE(absl::StrCat(kind, " ", degrees));
      const double angle = degrees * kPi / 180;
      const Pair pair(8, 1, 1, angle);
      double squares = 0, fourths = 0;
      for (int i = 0; i < kDraws; ++i) {
        v1::FeatureConfig config = Parse(kind);
        ProjectionsOf(&config)->set_orthogonal(false);
        ProjectionsOf(&config)->set_seed(i + 1);
        const double error =
            (*MakeFeatures(config, 8))->Estimate(pair.query, pair.key) /
                pair.Kernel() -
            1;
        squares += error * error / kDraws;
        fourths += error * error * error * error / kDraws;
      }
      const double standard_error =
          std::sqrt((fourths - squares * squares) / kDraws);
      const double expected = *RelativeError(Parse(kind), 1, 1, angle);
      EXPECT_NEAR(squares, expected * expected, 5 * standard_error);
      if (degrees >= 90) {
        EXPECT_LT(standard_error, 0.2 * squares);
      }
    }
  }
}

TEST(FeatureMapTest, GeluIsTheShareOfANormal) {
  const auto map = Make("generalized { m: 0 function: GELU epsilon: 0 }", 1);
  for (const double x : {-3.0, -1.0, 0.0, 0.5, 2.0}) {
    Eigen::VectorXd token(1), one(1);
    token << x;
    one << 1;
    const auto gelu = [](double u) {
      return u * std::erfc(-u / std::sqrt(2.0)) / 2;
    };
    EXPECT_NEAR(map->Estimate(token, one), gelu(x) * gelu(1), 1e-3);
  }
}

TEST(FeatureMapTest, OrthogonalRowsDoBetter) {
  const Pair pair(8, 0.5, 0.5, 0.6);
  for (const char* const kind :
       {"trigonometric { m: 8 }", "positive { m: 8 epsilon: 0 }"}) {
    SCOPED_TRACE(kind);
    const Sample apart = Estimates(kind, pair, 20000);
    const Sample orthogonal = Estimates(kind, pair, 20000, true);
    EXPECT_NEAR(orthogonal.mean, pair.Kernel(), 5 * orthogonal.standard_error);
    EXPECT_LT(orthogonal.variance, 0.9 * apart.variance);
  }
}

TEST(FeatureMapTest, AngularHybridIsExactAtBothEnds) {
  Rng rng(4);
  const auto map = Make("angular_hybrid { m: 16 n: 8 }", 16);
  for (int i = 0; i < 20; ++i) {
    const Eigen::VectorXd x = Draw(16, 1, &rng);
    EXPECT_NEAR(map->Estimate(x, x), std::exp(1), 1e-9);
    EXPECT_NEAR(map->Estimate(x, -x), std::exp(-1), 1e-9);
    const Eigen::VectorXf f = x.cast<float>(), g = -f;
    // In floats, through the features.
    for (const Eigen::VectorXf& key : {f, g}) {
      Features<float> q, k;
      map->Map(Side::kQuery, f.data(), 1, &q);
      map->Map(Side::kKey, key.data(), 1, &k);
      const Eigen::RowVectorXd a = q.base.row(0).cast<double>();
      const Eigen::RowVectorXd b = k.base.row(0).cast<double>();
      const int half = map->first_size();
      double sum = 0;
      for (size_t group = 0; group < map->groups().size(); ++group) {
        const auto at = static_cast<Eigen::Index>(group);
        sum += double{q.weights(0, at)} * double{k.weights(0, at)} *
               (map->groups()[group].first * a.head(half).dot(b.head(half)) +
                map->groups()[group].second * a.tail(half).dot(b.tail(half)));
      }
      const double estimate =
          sum * std::exp(double{q.log_scale[0]} + double{k.log_scale[0]});
      const double kernel = std::exp(f.cast<double>().dot(key.cast<double>()));
      EXPECT_NEAR(estimate / kernel, 1, 1e-6);
    }
  }
}

TEST(FeatureMapTest, ATunedMapHasNoVariance) {
  Rng rng(5);
  const Eigen::VectorXd query = Draw(5, 1.1, &rng), key = Draw(5, 0.8, &rng);
  const std::vector<double> squares = ComplexMap::Tuned(query, key);
  v1::Projections projections;
  for (uint64_t seed = 1; seed < 50; ++seed) {
    projections.set_seed(seed);
    const ProjectionRows rows(projections, 3, 5, 0);
    EXPECT_NEAR(ComplexMap(squares, 3).Estimate(rows, query, key),
                std::exp(query.dot(key)), 1e-9);
  }
}

// The kernel of rectified projections: |x| |y| (sin t + (pi - t) cos t) / 2 pi.
TEST(FeatureMapTest, RectifiedProjectionsGiveTheArcCosineKernel) {
  const double angle = 1.1;
  const Pair pair(6, 1.3, 0.7, angle);
  const Sample sample =
      Estimates("generalized { m: 8 epsilon: 0 }", pair, 20000, true);
  EXPECT_NEAR(sample.mean,
              1.3 * 0.7 * (std::sin(angle) + (kPi - angle) * std::cos(angle)) /
                  (2 * kPi),
              5 * sample.standard_error);
}

// SMREG = exp(-(|x|^2 + |y|^2) / 2) 0F1(; d / 2; d |z|^2 / 4).
TEST(FeatureMapTest, RowsOfOneLengthGiveTheRegularisedKernel) {
  constexpr int kDim = 4;
  const Pair pair(kDim, 0.6, 0.5, 1.0);
  const double square = (pair.query + pair.key).squaredNorm();
  double series = 0, term = 1;
  for (int k = 0; k < 60; ++k) {
    series += term;
    term *= kDim * square / 4 / ((k + 1) * (kDim / 2.0 + k));
  }
  const double expected = series * std::exp(-(0.36 + 0.25) / 2);
  EXPECT_LT(expected, pair.Kernel());
  double sum = 0, squares = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const auto map = Make(
        absl::StrCat("positive { m: 4 epsilon: 0 projections { length: SQRT_D "
                     "seed: ",
                     i + 1, " } }"),
        kDim);
    const double estimate = map->Estimate(pair.query, pair.key);
    sum += estimate;
    squares += estimate * estimate;
  }
  const double mean = sum / kDraws;
  const double error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
  EXPECT_NEAR(mean, expected, 5 * error);
  EXPECT_GT(std::fabs(mean - pair.Kernel()), 5 * error);
}

TEST(FeatureMapTest, ASeedIsAMap) {
  Rng rng(6);
  const Eigen::VectorXf token = Draw(6, 1, &rng).cast<float>();
  for (const std::string& kind : Kinds()) {
    if (absl::StrContains(kind, "m: 0")) continue;
    SCOPED_TRACE(kind);
    Features<float> first, again, other;
    Make(kind, 6)->Map(Side::kKey, token.data(), 1, &first);
    Make(kind, 6)->Map(Side::kKey, token.data(), 1, &again);
    EXPECT_EQ(std::memcmp(first.base.data(), again.base.data(),
                          4 * first.base.size()),
              0);
    std::string seeded = kind;
    seeded.insert(seeded.rfind('}'), "projections { seed: 2 } ");
    Make(seeded, 6)->Map(Side::kKey, token.data(), 1, &other);
    EXPECT_NE(first.base, other.base);
  }
}

TEST(FeatureMapTest, LongTokensKeepTheirDifferences) {
  Rng rng(7);
  for (const std::string& kind : Kinds(32)) {
    if (absl::StrContains(kind, "m: 0")) continue;
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 6);
    for (const double norm : {30.0, 100.0}) {
      const Eigen::VectorXf token = Draw(6, norm, &rng).cast<float>();
      for (const Side side : {Side::kQuery, Side::kKey}) {
        Features<float> features;
        map->Map(side, token.data(), 1, &features);
        EXPECT_TRUE(features.base.allFinite());
        EXPECT_TRUE(features.log_scale.allFinite());
        EXPECT_NE(features.base.minCoeff(), features.base.maxCoeff());
      }
    }
  }
}

TEST(FeatureMapTest, RefusesOptionsThatMakeNoSense) {
  const auto refused = [](const std::string& kind, const char* part) {
    const absl::Status status = MakeFeatures(Parse(kind), 3).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), part)) << status;
  };
  refused("positive { m: 0 }", "positive.m");
  refused("trigonometric { m: 0 }", "trigonometric.m");
  refused("positive { epsilon: -1 }", "epsilon");
  refused("angular_hybrid { n: 0 }", "angular_hybrid.n");
  refused("gaussian_hybrid { tau: 0 }", "gaussian_hybrid.tau");
  refused("complex_exponential { squares: 1 }", "1 numbers for tokens of 3");
  refused("complex_exponential { squares: [1, 0, 1] }", "can't be inverted");
  refused("clustered_hybrid {}", "0 centres");
  refused("clustered_hybrid { queries { values: 1 } }",
          "a centre of 1 numbers for tokens of 3");
  refused("", "angular_hybrid");
  const absl::Status status = MakeFeatures(Parse("positive {}"), 0).status();
  EXPECT_TRUE(absl::StrContains(status.message(), "at least 1")) << status;
}

}  // namespace
}  // namespace starling
