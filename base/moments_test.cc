#include "base/moments.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

Eigen::VectorXf RandomVector(Rng& rng, int size, double scale, double shift) {
  Eigen::VectorXf x(size);
  for (int i = 0; i < size; ++i) x[i] = shift + scale * rng.Normal();
  return x;
}

TEST(MomentsTest, MeanAndVarianceOfKnownNumbers) {
  Moments moments(2);
  for (float v : {1.0f, 2.0f, 3.0f, 4.0f}) {
    moments.Add(Eigen::Vector2f(v, -v));
  }

  EXPECT_EQ(moments.count(), 4u);
  EXPECT_DOUBLE_EQ(moments.mean(0), 2.5);
  EXPECT_DOUBLE_EQ(moments.mean(1), -2.5);
  EXPECT_DOUBLE_EQ(moments.variance(0), 1.25);
  EXPECT_DOUBLE_EQ(moments.variance(1), 1.25);
}

TEST(MomentsTest, AnyGroupingAndOrderGivesTheSameSums) {
  Rng rng(7);
  std::vector<Eigen::VectorXf> data;
  for (int i = 0; i < 200; ++i) data.push_back(RandomVector(rng, 5, 30, 1));
  Moments whole(5);
  for (const auto& x : data) whole.Add(x);

  for (int trial = 0; trial < 20; ++trial) {
    for (size_t i = data.size(); i > 1; --i) {
      std::swap(data[i - 1], data[rng.Below(i)]);
    }
    Moments merged(5), part(5);
    for (const auto& x : data) {
      part.Add(x);
      if (rng.Below(4) == 0) {
        merged.Merge(part);
        part.Clear();
      }
    }
    merged.Merge(part);

    EXPECT_EQ(merged.ToProto().SerializeAsString(),
              whole.ToProto().SerializeAsString());
  }
}

TEST(MomentsTest, LargeNearlyConstantValuesKeepTheirVariance) {
  Rng rng(3);
  Moments moments(1);
  double sum = 0, squares = 0;
  constexpr int kN = 100000;
  for (int i = 0; i < kN; ++i) {
    const float x = 10000.0f + static_cast<float>(rng.Normal());
    moments.Add(Eigen::Matrix<float, 1, 1>(x));
    sum += x - 10000.0;
    squares += (x - 10000.0) * (x - 10000.0);
  }

  // The data's own variance; fixed point rounds by 2^-21 a value.
  const double expected = squares / kN - (sum / kN) * (sum / kN);
  EXPECT_NEAR(moments.variance(0), expected, 1e-6);
}

TEST(MomentsTest, HugeSumsDoNotOverflow) {
  Moments moments(1);
  for (int i = 0; i < 3000; ++i) {
    moments.Add(Eigen::Matrix<float, 1, 1>(i % 2 ? 1e30f : 1e30f));
  }

  EXPECT_DOUBLE_EQ(moments.mean(0), 1048576.0);
  EXPECT_EQ(moments.variance(0), 0);
}

TEST(MomentsTest, NotANumberCountsAsZero) {
  Moments moments(1);
  moments.Add(
      Eigen::Matrix<float, 1, 1>(std::numeric_limits<float>::quiet_NaN()));

  EXPECT_EQ(moments.mean(0), 0);
  EXPECT_EQ(moments.count(), 1u);
}

TEST(MomentsTest, RoundTripsThroughItsMessage) {
  Rng rng(5);
  Moments moments(3);
  for (int i = 0; i < 50; ++i) moments.Add(RandomVector(rng, 3, 1e4, -2e3));

  const absl::StatusOr<Moments> read = Moments::FromProto(moments.ToProto(), 3);

  ASSERT_TRUE(read.ok()) << read.status();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(read->sum(i) == moments.sum(i));
    EXPECT_TRUE(read->sum_of_squares(i) == moments.sum_of_squares(i));
  }
}

TEST(MomentsTest, ImpossibleSumsAreRefused) {
  Moments moments(1);
  moments.Add(Eigen::Matrix<float, 1, 1>(1.0f));
  v1::Moments forged = moments.ToProto();
  forged.set_sum_high(0, 1);
  EXPECT_EQ(Moments::FromProto(forged, 1).status().code(),
            absl::StatusCode::kInvalidArgument);

  EXPECT_EQ(Moments::FromProto(moments.ToProto(), 2).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace starling
