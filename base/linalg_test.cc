#include "base/linalg.h"

#include <cstring>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

// The contract of the header in plain C.
float Tree(const float* lane) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
         ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}
float PlainSum(const float* x, int n) {
  float lane[8] = {};
  for (int i = 0; i < n; ++i) lane[i % 8] += x[i];
  return Tree(lane);
}
float PlainDot(const float* x, const float* y, int n) {
  float lane[8] = {};
  for (int i = 0; i < n; ++i) lane[i % 8] += x[i] * y[i];
  return Tree(lane);
}

bool SameBits(float a, float b) {
  return std::memcmp(&a, &b, sizeof(float)) == 0;
}

std::vector<float> Normals(int n, uint32_t direction) {
  std::vector<float> x(n);
  FillNormals(1, Stream::kPerturbation, 0, direction, 0, n, x.data());
  return x;
}

// Numbers around the part that is read: a read beyond it would show.
std::vector<float> Shifted(const std::vector<float>& x, int first, int n,
                           int shift) {
  std::vector<float> padded(shift + n + 16, 1e30f);
  std::copy_n(x.begin() + first, n, padded.begin() + shift);
  return padded;
}

TEST(LinalgTest, SumsInTheStatedOrderAtEverySizeAndAddress) {
  const std::vector<float> x = Normals(100, 0);
  for (int n = 0; n <= 100; ++n) {
    const float expected = PlainSum(x.data(), n);
    for (int shift = 0; shift < 16; ++shift) {
      const std::vector<float> padded = Shifted(x, 0, n, shift);
      ASSERT_TRUE(SameBits(Sum(padded.data() + shift, n), expected))
          << n << " " << shift;
    }
  }
}

TEST(LinalgTest, DotsInTheStatedOrderAtEverySizeAndAddress) {
  const std::vector<float> x = Normals(100, 0), y = Normals(100, 1);
  for (int n = 0; n <= 100; ++n) {
    const float expected = PlainDot(x.data(), y.data(), n);
    for (int shift = 0; shift < 16; ++shift) {
      const std::vector<float> px = Shifted(x, 0, n, shift);
      const std::vector<float> py = Shifted(y, 0, n, (shift * 5 + 3) % 16);
      ASSERT_TRUE(
          SameBits(Dot(px.data() + shift, py.data() + (shift * 5 + 3) % 16, n),
                   expected))
          << n << " " << shift;
    }
  }
}

TEST(LinalgTest, GemvIsADotForEachRow) {
  const std::vector<float> a = Normals(24 * 100, 0), x = Normals(100, 1),
                           before = Normals(24, 2);
  for (int cols = 0; cols <= 100; ++cols) {
    for (int rows : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 17, 23}) {
      const int shift = (rows + cols) % 8;
      const std::vector<float> pa = Shifted(a, 0, rows * cols, shift);
      const std::vector<float> px = Shifted(x, 0, cols, 7 - shift);
      std::vector<float> set(rows + 1, 5), added(before);
      Gemv(pa.data() + shift, px.data() + 7 - shift, rows, cols, false,
           set.data());
      Gemv(pa.data() + shift, px.data() + 7 - shift, rows, cols, true,
           added.data());

      for (int r = 0; r < rows; ++r) {
        const float expected = PlainDot(a.data() + r * cols, x.data(), cols);
        ASSERT_TRUE(SameBits(set[r], expected)) << rows << "x" << cols;
        ASSERT_TRUE(SameBits(added[r], before[r] + expected))
            << rows << "x" << cols;
      }
      ASSERT_EQ(set[rows], 5);
      ASSERT_EQ(added[rows], before[rows]);
    }
  }
}

TEST(LinalgTest, GemmSumsInTheOrderOfTheInnerIndex) {
  const std::vector<float> a = Normals(13 * 40, 0), b = Normals(40 * 40, 1),
                           before = Normals(13 * 40, 2);
  for (int rows : {0, 1, 3, 4, 5, 8, 13}) {
    for (int inner : {0, 1, 2, 7, 40}) {
      for (int cols : {0, 1, 2, 5, 7, 8, 9, 15, 16, 17, 24, 31, 40}) {
        // A and its transpose, between numbers that must not be read.
        const std::vector<float> pa = Shifted(a, 0, rows * inner, 3);
        const std::vector<float> pb = Shifted(b, 0, inner * cols, 5);
        std::vector<float> pt(rows * inner + 1, 1e30f);
        for (int r = 0; r < rows; ++r) {
          for (int i = 0; i < inner; ++i) pt[i * rows + r] = a[r * inner + i];
        }
        std::vector<float> c(rows * cols + 1, 5), added(before), t(c),
            t_added(before);
        Gemm(pa.data() + 3, pb.data() + 5, rows, inner, cols, false, c.data());
        Gemm(pa.data() + 3, pb.data() + 5, rows, inner, cols, true,
             added.data());
        GemmTransposed(pt.data(), pb.data() + 5, rows, inner, cols, false,
                       t.data());
        GemmTransposed(pt.data(), pb.data() + 5, rows, inner, cols, true,
                       t_added.data());
        for (int at = 0; at < rows * cols; ++at) {
          float sum = 0;
          for (int i = 0; i < inner; ++i) {
            sum += a[at / cols * inner + i] * b[i * cols + at % cols];
          }
          ASSERT_TRUE(SameBits(c[at], sum))
              << rows << "x" << inner << "x" << cols;
          ASSERT_TRUE(SameBits(t[at], sum))
              << rows << "x" << inner << "x" << cols;
          ASSERT_TRUE(SameBits(added[at], before[at] + sum));
          ASSERT_TRUE(SameBits(t_added[at], before[at] + sum));
        }
        ASSERT_EQ(c[rows * cols], 5);
        ASSERT_EQ(t[rows * cols], 5);
      }
    }
  }
}

TEST(LinalgTest, RowsOfAProductMayOverlap) {
  const std::vector<float> a = Normals(40, 0), b = Normals(5 * 9, 1);
  std::vector<float> windows, c(7 * 9), expected(7 * 9);
  for (int r = 0; r < 7; ++r) {
    windows.insert(windows.end(), &a[3 * r], &a[3 * r] + 5);
  }
  Gemm(a.data(), 3, b.data(), 7, 5, 9, false, c.data());
  Gemm(windows.data(), b.data(), 7, 5, 9, false, expected.data());
  EXPECT_EQ(c, expected);
}

// 1 + 2^-24 is rounded to 1 before the addition; a fused operation would keep
// the small part: (1 + 2^-12)^2 - (1 + 2^-11) = 2^-24.
TEST(LinalgTest, RoundsEachProduct) {
  std::vector<float> x(9, 0), y(9, 0);
  x[0] = -(1 + 0x1p-11f);
  y[0] = 1;
  x[8] = 1 + 0x1p-12f;
  y[8] = 1 + 0x1p-12f;

  EXPECT_EQ(Dot(x.data(), y.data(), 9), 0);
}

TEST(LinalgTest, EmptySumsArePositiveZero) {
  EXPECT_TRUE(SameBits(Sum(nullptr, 0), 0.0f));
  EXPECT_TRUE(SameBits(Dot(nullptr, nullptr, 0), 0.0f));
  const float minus_zero = -0.0f;
  EXPECT_TRUE(SameBits(Sum(&minus_zero, 1), 0.0f));
}

TEST(LinalgTest, NaNAndInfinityReachTheResult) {
  std::vector<float> x(11, 1);
  x[10] = __builtin_inff();
  EXPECT_EQ(Sum(x.data(), 11), __builtin_inff());
  x[3] = -__builtin_inff();
  const float sum = Sum(x.data(), 11);
  EXPECT_NE(sum, sum);
}

TEST(LinalgTest, FindsTheLargestWhereverItIs) {
  for (int n = 1; n <= 40; ++n) {
    std::vector<float> x = Normals(n + 1, 3);
    for (int at = 0; at < n; ++at) {
      std::vector<float> changed(x.begin() + 1, x.begin() + 1 + n);
      changed[at] = 10;
      EXPECT_EQ(Max(changed.data(), n), 10);
    }
    x[0] = 100;  // before them
    EXPECT_LT(Max(x.data() + 1, n), 10);
  }
}

TEST(LinalgTest, MultipliesAndAddsWithTwoRoundings) {
  for (int n = 0; n <= 20; ++n) {
    const std::vector<float> x = Normals(20, 4);
    std::vector<float> y(20, 7);
    MultiplyAdd(x.data(), n, 1.1f, -0.3f, y.data());
    for (int i = 0; i < 20; ++i) {
      volatile float product = x[i] * 1.1f;
      EXPECT_TRUE(SameBits(y[i], i < n ? product - 0.3f : 7)) << n << " " << i;
    }
  }
}

}  // namespace
}  // namespace starling
