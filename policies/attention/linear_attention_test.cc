#include "policies/attention/linear_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"
#include "policies/attention/causal_state.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

using Tokens = TokenMatrix<float>;

std::shared_ptr<const FeatureMap> Make(const std::string& text, int dim) {
  v1::FeatureConfig config;
  EXPECT_TRUE(ParseTextProto(text, "features", &config).ok());
  auto map = MakeFeatures(config, dim);
  EXPECT_TRUE(map.ok()) << map.status();
  return *std::move(map);
}

// Rows of about this length.
Tokens Draw(int rows, int columns, double norm, uint64_t seed) {
  Rng rng(seed);
  Tokens tokens(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      tokens(i, j) = static_cast<float>(rng.Normal());
    }
    tokens.row(i) *= static_cast<float>(norm / tokens.row(i).norm());
  }
  return tokens;
}

const char* const kKinds[] = {
    "trigonometric { m: 24 }",       "positive { m: 24 }",
    "hyperbolic { m: 24 }",          "generalized { m: 24 }",
    "angular_hybrid { m: 12 n: 5 }", "gaussian_hybrid { m: 12 n: 5 }",
    "complex_exponential { m: 24 }"};

// Attention by the estimates of all pairs, in double.
Eigen::MatrixXd Explicit(const FeatureMap& map, const Tokens& q,
                         const Tokens& k, bool causal) {
  Eigen::MatrixXd weights(q.rows(), k.rows());
  for (int i = 0; i < q.rows(); ++i) {
    for (int j = 0; j < k.rows(); ++j) {
      weights(i, j) =
          causal && j > i
              ? 0
              : EstimateByFeatures(map, q.row(i).transpose().cast<double>(),
                                   k.row(j).transpose().cast<double>());
    }
    weights.row(i) /= weights.row(i).sum();
  }
  return weights;
}

LinearAttentionOptions Uncentred() {
  LinearAttentionOptions options;
  options.center_keys = false;
  return options;
}

TEST(LinearAttentionTest, IsWhatTheEstimatesOfAllPairsGive) {
  // More than a tile of each.
  const Tokens q = Draw(150, 5, 0.7, 1), k = Draw(280, 5, 0.8, 2);
  const Tokens v = Draw(280, 3, 1, 3);
  for (const char* const kind : kKinds) {
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 5);
    LinearAttention attention(map, Uncentred());
    Tokens out;
    ASSERT_TRUE(attention.Attend(q, k, v, &out).ok());
    const Eigen::MatrixXd weights = Explicit(*map, q, k, false);
    EXPECT_LT(
        (out.cast<double>() - weights * v.cast<double>()).cwiseAbs().maxCoeff(),
        1e-5);
    Eigen::VectorXf sums;
    ASSERT_TRUE(attention.ColumnSums(q, k, &sums).ok());
    EXPECT_LT((sums.cast<double>() - weights.colwise().sum().transpose())
                  .cwiseAbs()
                  .maxCoeff(),
              1e-4);
    EXPECT_NEAR(sums.cast<double>().sum(), 150, 1e-3);
    EXPECT_EQ(attention.floored(), 0);
  }
}

TEST(LinearAttentionTest, CausalAttentionSeesNothingThatComes) {
  const Tokens q = Draw(60, 5, 0.7, 1), k = Draw(60, 5, 0.8, 2);
  const Tokens v = Draw(60, 3, 1, 3);
  for (const char* const kind : kKinds) {
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 5);
    LinearAttention attention(map, {});
    Tokens out, other;
    ASSERT_TRUE(attention.AttendCausally(q, k, v, &out).ok());
    EXPECT_LT(
        (out.cast<double>() - Explicit(*map, q, k, true) * v.cast<double>())
            .cwiseAbs()
            .maxCoeff(),
        2e-5);
    // A later key, however long, changes nothing before it.
    Tokens changed = k;
    changed.row(40) *= 50;
    ASSERT_TRUE(attention.AttendCausally(q, changed, v, &other).ok());
    EXPECT_EQ(out.topRows(40), other.topRows(40));
    EXPECT_NE(out.row(40), other.row(40));
  }
}

TEST(LinearAttentionTest, CausalAttentionGoesTokenByTokenAsWell) {
  // Keys that grow: the scale of the sums is raised all the time.
  Tokens q = Draw(100, 5, 0.7, 1), k = Draw(100, 5, 0.8, 2);
  for (int i = 0; i < 100; ++i)
    k.row(i) *= 0.5f + 0.02f * static_cast<float>(i);
  const Tokens v = Draw(100, 3, 1, 3);
  LinearAttentionOptions options;
  options.scale = 0.5f;
  for (const char* const kind : kKinds) {
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 5);
    LinearAttention attention(map, options);
    Tokens out;
    ASSERT_TRUE(attention.AttendCausally(q, k, v, &out).ok());
    CausalState state(map, 3, 0.5f);
    Eigen::RowVectorXf row(3);
    for (int time = 0; time < 2; ++time) {
      EXPECT_TRUE(state.Query(q.row(0).data(), row.data()));
      EXPECT_TRUE(row.isZero());
      for (int i = 0; i < 100; ++i) {
        state.Append(k.row(i).data(), v.row(i).data());
        ASSERT_TRUE(state.Query(q.row(i).data(), row.data()));
        ASSERT_LT((row - out.row(i)).cwiseAbs().maxCoeff(), 1e-5) << i;
      }
      state.Reset();
    }
  }
}

TEST(LinearAttentionTest, TheOrderOfKeysDoesNotMatter) {
  const Tokens q = Draw(20, 4, 0.7, 1), k = Draw(40, 4, 0.8, 2);
  const Tokens v = Draw(40, 2, 1, 3);
  LinearAttention attention(Make("angular_hybrid { m: 12 n: 5 }", 4), {});
  Tokens out, reversed;
  ASSERT_TRUE(attention.Attend(q, k, v, &out).ok());
  ASSERT_TRUE(
      attention
          .Attend(q, k.colwise().reverse(), v.colwise().reverse(), &reversed)
          .ok());
  EXPECT_LT((out - reversed).cwiseAbs().maxCoeff(), 1e-5);
  // Columns of values do not know of each other.
  Tokens wide(40, 3), wider;
  wide << v, Draw(40, 1, 9, 4);
  ASSERT_TRUE(attention.Attend(q, k, wide, &wider).ok());
  EXPECT_LT((out - wider.leftCols(2)).cwiseAbs().maxCoeff(), 1e-5);
}

TEST(LinearAttentionTest, AShiftOfAllKeysMakesNoDifference) {
  const Tokens q = Draw(20, 4, 0.7, 1), k = Draw(40, 4, 0.8, 2);
  const Tokens v = Draw(40, 2, 1, 3);
  const Tokens shifted = k.rowwise() + Eigen::RowVector4f(3, -2, 1, 4);
  const auto map = Make("positive { m: 32 }", 4);
  LinearAttention centred(map, {}), as_it_is(map, Uncentred());
  Tokens out, other;
  ASSERT_TRUE(centred.Attend(q, k, v, &out).ok());
  ASSERT_TRUE(centred.Attend(q, shifted, v, &other).ok());
  EXPECT_LT((out - other).cwiseAbs().maxCoeff(), 1e-5);
  ASSERT_TRUE(as_it_is.Attend(q, k, v, &out).ok());
  ASSERT_TRUE(as_it_is.Attend(q, shifted, v, &other).ok());
  EXPECT_GT((out - other).cwiseAbs().maxCoeff(), 1e-2);
}

// The error falls as one over the root of the number of features.
TEST(LinearAttentionTest, MoreFeaturesLessError) {
  const Tokens q = Draw(64, 8, 0.7, 1), k = Draw(64, 8, 0.7, 2);
  const Tokens v = Draw(64, 4, 1, 3);
  Tokens exact, out;
  ExactAttention(1).Attend(q, k, v, false, &exact);
  std::vector<double> logs_m, logs_error;
  for (const int m : {16, 64, 256, 1024}) {
    double squares = 0;
    for (int seed = 1; seed <= 20; ++seed) {
      LinearAttention attention(
          Make(absl::StrCat("positive { m: ", m, " projections { seed: ", seed,
                            " } }"),
               8),
          {});
      ASSERT_TRUE(attention.Attend(q, k, v, &out).ok());
      squares += (out - exact).squaredNorm();
    }
    logs_m.push_back(std::log(m));
    logs_error.push_back(0.5 * std::log(squares));
  }
  const double slope =
      (logs_error[3] + logs_error[2] - logs_error[1] - logs_error[0]) /
      (logs_m[3] + logs_m[2] - logs_m[1] - logs_m[0]);
  EXPECT_NEAR(slope, -0.5, 0.15);
}

TEST(LinearAttentionTest, LongTokensStayFinite) {
  for (const char* const kind : kKinds) {
    SCOPED_TRACE(kind);
    for (const double norm : {30.0, 100.0}) {
      const Tokens q = Draw(70, 6, norm, 1), k = Draw(70, 6, norm, 2);
      const Tokens v = Draw(70, 3, 1, 3);
      LinearAttention attention(Make(kind, 6), {});
      Tokens out;
      Eigen::VectorXf sums;
      ASSERT_TRUE(attention.Attend(q, k, v, &out).ok());
      EXPECT_TRUE(out.allFinite());
      ASSERT_TRUE(attention.ColumnSums(q, k, &sums).ok());
      EXPECT_TRUE(sums.allFinite());
      ASSERT_TRUE(attention.AttendCausally(q, k, v, &out).ok());
      EXPECT_TRUE(out.allFinite());
    }
  }
}

TEST(LinearAttentionTest, ScoresAreScaled) {
  const Tokens q = Draw(20, 4, 0.7, 1), k = Draw(30, 4, 0.8, 2);
  const Tokens v = Draw(30, 2, 1, 3);
  const auto map = Make("hyperbolic { m: 16 }", 4);
  LinearAttentionOptions half;
  half.scale = 0.25f;
  LinearAttention scaled(map, half), plain(map, {});
  Tokens out, other;
  ASSERT_TRUE(scaled.Attend(q, k, v, &out).ok());
  ASSERT_TRUE(plain.Attend(0.5f * q, 0.5f * k, v, &other).ok());
  EXPECT_LT((out - other).cwiseAbs().maxCoeff(), 1e-6);
}

// Trigonometric estimates of opposite vectors are anything.
TEST(LinearAttentionTest, DenominatorsBelowTheFloorAreCounted) {
  const Tokens q = Draw(200, 2, 3, 1), k = Draw(3, 2, 3, 2);
  const Tokens v = Draw(3, 1, 1, 3);
  LinearAttention attention(Make("trigonometric { m: 3 }", 2), {});
  Tokens out;
  ASSERT_TRUE(attention.Attend(q, k, v, &out).ok());
  EXPECT_GT(attention.floored(), 0);
  EXPECT_TRUE(out.allFinite());
}

TEST(LinearAttentionTest, WarnsOfLengthsThatTheFormulaDoesNotRecommend) {
  LinearAttention attention(Make("positive { m: 128 }", 4), Uncentred());
  Tokens out;
  const auto warning = [&](double norm) {
    const Tokens tokens = Draw(20, 4, norm, 1);
    EXPECT_TRUE(attention.Attend(tokens, tokens, tokens, &out).ok());
    return attention.warning();
  };
  EXPECT_EQ(warning(1), "");
  EXPECT_TRUE(absl::StrContains(warning(1.5), "take angular_hybrid"))
      << attention.warning();
  EXPECT_TRUE(absl::StrContains(warning(10), "more than 1e+06 times"))
      << attention.warning();
  // It is the scaled tokens that count, and the distance of keys from their
  // mean.
  LinearAttentionOptions options;
  options.scale = 0.01f;
  LinearAttention scaled(Make("positive { m: 128 }", 4), options);
  const Tokens q = Draw(20, 4, 5, 1);
  const Tokens k =
      Draw(20, 4, 5, 2).rowwise() + Eigen::RowVector4f(99, 0, 0, 0);
  EXPECT_TRUE(scaled.Attend(q, k, k, &out).ok());
  EXPECT_EQ(scaled.warning(), "");
  EXPECT_TRUE(scaled.AttendCausally(q, k, k, &out).ok());
  EXPECT_NE(scaled.warning(), "");
}

TEST(LinearAttentionTest, RefusesWhatDoesNotFit) {
  LinearAttention attention(Make("positive { m: 8 }", 4), {});
  Tokens out;
  Eigen::VectorXf sums;
  const Tokens four = Draw(5, 4, 1, 1), three = Draw(5, 3, 1, 1);
  const auto refused = [](const absl::Status& status, const char* part) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), part)) << status;
  };
  refused(attention.Attend(three, four, four, &out), "made for 4");
  refused(attention.Attend(four, three, four, &out), "made for 4");
  refused(attention.Attend(four, four, Draw(6, 4, 1, 1), &out),
          "6 values for 5 keys");
  refused(
      attention.AttendCausally(four, Draw(6, 4, 1, 1), Draw(6, 2, 1, 1), &out),
      "all must be as many");
  Tokens bad = four;
  bad(3, 2) = std::numeric_limits<float>::quiet_NaN();
  refused(attention.Attend(bad, four, four, &out), "queries: row 3, column 2");
  refused(attention.ColumnSums(four, bad, &sums), "keys: row 3, column 2");
  bad(3, 2) = std::numeric_limits<float>::infinity();
  refused(attention.Attend(four, four, bad, &out), "values: row 3, column 2");
  // Nothing is legal.
  const Tokens none(0, 4);
  EXPECT_TRUE(attention.Attend(none, none, none, &out).ok());
  EXPECT_EQ(out.rows(), 0);
  EXPECT_TRUE(attention.Attend(four, none, none, &out).ok());
  EXPECT_TRUE(out.isZero());
  EXPECT_TRUE(attention.ColumnSums(four, none, &sums).ok());
  EXPECT_EQ(sums.size(), 0);
}

TEST(LinearAttentionTest, AllocatesNothingOnceItIsWarm) {
  const Tokens q = Draw(200, 4, 1, 1), k = Draw(200, 4, 1, 2);
  for (const char* const kind : kKinds) {
    SCOPED_TRACE(kind);
    LinearAttention attention(Make(kind, 4), {}), summing(Make(kind, 4), {}),
        causal(Make(kind, 4), {});
    Tokens out;
    Eigen::VectorXf sums;
    for (int i = 0; i < 2; ++i) {
      const AllocationGuard guard;
      ASSERT_TRUE(summing.ColumnSums(q, k, &sums).ok());
      ASSERT_TRUE(attention.Attend(q, k, k, &out).ok());
      ASSERT_TRUE(causal.AttendCausally(q, k, k, &out).ok());
      if (i > 0) {
        EXPECT_EQ(guard.count(), 0);
      }
    }
  }
}

TEST(ExactAttentionTest, IsTheDefinition) {
  const Tokens q = Draw(150, 4, 2, 1), k = Draw(300, 4, 2, 2);
  const Tokens v = Draw(300, 3, 1, 3);
  Eigen::MatrixXd weights =
      (0.5 * q.cast<double>() * k.cast<double>().transpose()).array().exp();
  for (int i = 0; i < weights.rows(); ++i) {
    weights.row(i) /= weights.row(i).sum();
  }
  Tokens out;
  ExactAttention attention(0.5f);
  attention.Attend(q, k, v, false, &out);
  EXPECT_LT(
      (out.cast<double>() - weights * v.cast<double>()).cwiseAbs().maxCoeff(),
      1e-6);
  Eigen::VectorXf sums;
  attention.ColumnSums(q, k, &sums);
  EXPECT_LT((sums.cast<double>() - weights.colwise().sum().transpose())
                .cwiseAbs()
                .maxCoeff(),
            1e-5);
  // Causal: the first row is the first value, the last sees all.
  Tokens causal;
  attention.Attend(k, k, v, true, &causal);
  EXPECT_LT((causal.row(0) - v.row(0)).cwiseAbs().maxCoeff(), 1e-6);
  attention.Attend(k.bottomRows(1), k, v, false, &out);
  EXPECT_LT((causal.bottomRows(1) - out).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(KernelSumsTest, AreThoseOfTheKernelTimesANumber) {
  const Tokens q = Draw(150, 4, 0.8, 1), k = Draw(300, 4, 0.7, 2);
  const auto expect_proportional = [](const Eigen::VectorXf& sums,
                                      Eigen::VectorXd expected,
                                      double tolerance) {
    ASSERT_EQ(sums.size(), expected.size());
    const double factor = sums.cast<double>().sum() / expected.sum();
    EXPECT_GT(factor, 0);
    EXPECT_LT((sums.cast<double>() - factor * expected).cwiseAbs().maxCoeff(),
              tolerance * factor * expected.maxCoeff());
  };
  Eigen::VectorXf sums;
  const Eigen::MatrixXd kernel =
      (0.5 * q.cast<double>() * k.cast<double>().transpose()).array().exp();
  ExactAttention exact(0.5f);
  exact.KernelSums(q, k, Side::kQuery, &sums);
  expect_proportional(sums, kernel.rowwise().sum(), 1e-6);
  exact.KernelSums(q, k, Side::kKey, &sums);
  expect_proportional(sums, kernel.colwise().sum(), 1e-6);

  LinearAttentionOptions options;
  options.scale = 0.5f;
  for (const char* const kind : kKinds) {
    SCOPED_TRACE(kind);
    const auto map = Make(kind, 4);
    LinearAttention attention(map, options);
    Eigen::MatrixXd estimates(q.rows(), k.rows());
    for (int i = 0; i < q.rows(); ++i) {
      for (int j = 0; j < k.rows(); ++j) {
        estimates(i, j) = EstimateByFeatures(
            *map, std::sqrt(0.5) * q.row(i).transpose().cast<double>(),
            std::sqrt(0.5) * k.row(j).transpose().cast<double>());
      }
    }
    ASSERT_TRUE(attention.KernelSums(q, k, Side::kQuery, &sums).ok());
    expect_proportional(sums, estimates.rowwise().sum(), 1e-5);
    ASSERT_TRUE(attention.KernelSums(q, k, Side::kKey, &sums).ok());
    expect_proportional(sums, estimates.colwise().sum(), 1e-5);
  }
}

TEST(KernelSumsTest, LongTokensStayFinite) {
  const Tokens q = Draw(70, 6, 100, 1), k = Draw(70, 6, 100, 2);
  Eigen::VectorXf sums;
  for (const Side of : {Side::kQuery, Side::kKey}) {
    ExactAttention(1).KernelSums(q, k, of, &sums);
    EXPECT_TRUE(sums.allFinite());
    EXPECT_GE(sums.maxCoeff(), 1);
    for (const char* const kind : kKinds) {
      LinearAttention attention(Make(kind, 6), {});
      ASSERT_TRUE(attention.KernelSums(q, k, of, &sums).ok());
      EXPECT_TRUE(sums.allFinite()) << kind;
    }
  }
}

}  // namespace
}  // namespace starling
