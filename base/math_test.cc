#include "base/math.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

uint32_t ToBits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
float FromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// A function of the header in both forms, and the truth in double.
struct Function {
  std::string name;
  float (*scalar)(float);
  void (*array)(const float*, int64_t, float*);
  double (*exact)(double);
  double max_ulps;
};
const Function kFunctions[] = {
    {"Exp", Exp, Exp, std::exp, 1.0},
    {"Log", Log, Log, std::log, 1.0},
    {"Sin", Sin, Sin,
     [](double x) {
       return std::abs(x) <= 0x1p20 ? std::sin(x)
                                    : std::numeric_limits<double>::quiet_NaN();
     },
     0.51},
    {"Cos", Cos, Cos,
     [](double x) {
       return std::abs(x) <= 0x1p20 ? std::cos(x)
                                    : std::numeric_limits<double>::quiet_NaN();
     },
     0.51},
    {"Tanh", Tanh, Tanh, std::tanh, 1.5},
    {"Sigmoid", Sigmoid, Sigmoid,
     [](double x) { return 1 / (1 + std::exp(-x)); }, 2.5},
};

// |value - exact| in units of the last place of a float near `exact`.
double Ulps(float value, double exact) {
  if (std::isnan(exact)) return ToBits(value) == 0x7FC00000 ? 0 : 1e30;
  if (value == exact) return 0;
  if (std::isinf(value)) {  // The truth is above half a step over the largest.
    return std::abs(exact) >= 0x1.ffffffp127 ? 0 : 1;
  }
  const int exponent = std::max(std::ilogb(exact), -126);
  return std::abs(value - exact) / std::ldexp(1.0, exponent - 23);
}

class FunctionTest : public testing::TestWithParam<Function> {};

// Applies both forms to the floats of [begin, end) (as bits, by `step`).
// Returns the largest error in ulps; -1 where the two forms differ.
double Compare(const Function& f, uint64_t begin, uint64_t end, uint64_t step) {
  double worst = 0;
  std::vector<float> x, y;
  for (uint64_t bits = begin; bits < end;) {
    x.clear();
    for (; bits < end && x.size() < 4093; bits += step) {
      x.push_back(FromBits(bits));
    }
    y.assign(x.size(), 0);
    f.array(x.data(), x.size(), y.data());
    for (size_t i = 0; i < x.size(); ++i) {
      if (ToBits(f.scalar(x[i])) != ToBits(y[i])) {
        ADD_FAILURE() << f.name << "(" << x[i] << "): scalar " << f.scalar(x[i])
                      << ", lanes " << y[i];
        return -1;
      }
      const double error = Ulps(y[i], f.exact(x[i]));
      if (error > worst) worst = error;
      if (error > f.max_ulps) {
        ADD_FAILURE() << f.name << "(" << x[i] << ") = " << y[i] << ", not "
                      << f.exact(x[i]) << ": " << error << " ulp";
        return error;
      }
    }
  }
  return worst;
}

// About 1500 values of each sign and exponent; STARLING_SWEEP=1 in the
// environment: every float there is, minutes.
TEST_P(FunctionTest, FormsAreEqualAndAccurateOverAllExponents) {
  const bool sweep = std::getenv("STARLING_SWEEP") != nullptr;

  const double worst =
      Compare(GetParam(), 0, uint64_t{1} << 32, sweep ? 1 : 5557);

  RecordProperty("largest_error_ulps", std::to_string(worst));
  if (sweep) std::printf("%s: %.3f ulp\n", GetParam().name.c_str(), worst);
}

TEST_P(FunctionTest, FormsAreEqualAndAccurateNearTheEdges) {
  for (float edge : {0.0f,        0x1p-149f,
                     0x1p-126f,   0.34657359f,
                     0.5f,        0.625f,
                     0.70710678f, 0.78539816f,
                     1.0f,        1.41421356f,
                     1.57079633f, 3.14159265f,
                     6.28318531f, 9.01f,
                     9.1f,        87.3365f,
                     88.72284f,   89.0f,
                     103.9721f,   104.0f,
                     0x1p20f,     std::numeric_limits<float>::max(),
                     kInfinity,   kNaN}) {
    for (uint32_t sign : {0u, 0x80000000u}) {
      const uint64_t bits = ToBits(edge) | sign;
      const uint64_t first = bits < 2000 ? 0 : bits - 2000;
      const uint64_t last = std::min(bits + 2000, uint64_t{0xFFFFFFFF});
      Compare(GetParam(), first, last + 1, 1);
    }
  }
}

TEST_P(FunctionTest, ArraysOfAnySizeAndAddressAreWorkedInPlace) {
  const Function& f = GetParam();
  for (int n = 0; n <= 40; ++n) {
    std::vector<float> x(n + 2);
    for (int i = 0; i < n + 2; ++i) x[i] = 0.1f * i + 0.05f;
    const std::vector<float> before = x;

    f.array(x.data() + 1, n, x.data() + 1);

    EXPECT_EQ(x[0], before[0]);
    EXPECT_EQ(x[n + 1], before[n + 1]);
    for (int i = 1; i <= n; ++i) {
      EXPECT_EQ(ToBits(x[i]), ToBits(f.scalar(before[i]))) << n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FunctionTest, testing::ValuesIn(kFunctions),
                         [](const testing::TestParamInfo<Function>& info) {
                           return info.param.name;
                         });

void ExpectBits(float value, float expected) {
  EXPECT_EQ(ToBits(value), ToBits(expected)) << value << " " << expected;
}

TEST(MathTest, IsExactWhereTheAnswerIsAFloat) {
  ExpectBits(Exp(0.0f), 1);
  ExpectBits(Exp(-0.0f), 1);
  ExpectBits(Log(1.0f), 0);
  ExpectBits(Sin(0.0f), 0);
  ExpectBits(Sin(-0.0f), -0.0f);
  ExpectBits(Cos(0.0f), 1);
  ExpectBits(Tanh(0.0f), 0);
  ExpectBits(Tanh(-0.0f), -0.0f);
  ExpectBits(Sigmoid(0.0f), 0.5f);
}

TEST(MathTest, EndsAreReachedAndKept) {
  ExpectBits(Exp(kInfinity), kInfinity);
  ExpectBits(Exp(-kInfinity), 0);
  ExpectBits(Exp(1e30f), kInfinity);
  ExpectBits(Exp(-1e30f), 0);
  ExpectBits(Log(kInfinity), kInfinity);
  ExpectBits(Log(0.0f), -kInfinity);
  ExpectBits(Log(-0.0f), -kInfinity);
  ExpectBits(Log(-1.0f), kNaN);
  ExpectBits(Sin(kInfinity), kNaN);
  ExpectBits(Cos(0x1p20f * 1.0001f), kNaN);
  ExpectBits(Tanh(kInfinity), 1);
  ExpectBits(Tanh(-kInfinity), -1);
  ExpectBits(Tanh(1e30f), 1);
  ExpectBits(Sigmoid(kInfinity), 1);
  ExpectBits(Sigmoid(-kInfinity), 0);
}

TEST(MathTest, DenormalsAreNumbers) {
  ExpectBits(Tanh(0x1p-149f), 0x1p-149f);
  ExpectBits(Sin(0x1p-140f), 0x1p-140f);
  ExpectBits(Exp(-103.0f), static_cast<float>(std::exp(-103.0)));
  ExpectBits(Sigmoid(-103.0f), static_cast<float>(std::exp(-103.0)));
  EXPECT_NEAR(Log(0x1p-149f), -149 * std::log(2.0), 1e-5);
}

TEST(MathTest, SineAndCosineAtOnceAreThoseApart) {
  std::vector<float> x;
  for (int i = 0; i < 1000; ++i) x.push_back(1.37f * (i - 500) * (i % 7));
  x.push_back(0x1p21f);
  x.push_back(std::numeric_limits<float>::quiet_NaN());
  for (const size_t n : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9},
                         size_t{23}, x.size()}) {
    const float* const from = x.data() + x.size() - n;
    std::vector<float> sines(n + 1, 5), cosines(n + 1, 5);
    SinCos(from, static_cast<int64_t>(n), sines.data(), cosines.data());
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(ToBits(sines[i]), ToBits(Sin(from[i]))) << from[i];
      ASSERT_EQ(ToBits(cosines[i]), ToBits(Cos(from[i]))) << from[i];
    }
    ASSERT_EQ(sines[n], 5);
    ASSERT_EQ(cosines[n], 5);
  }
}

TEST(MathTest, TanhAndSineAreOdd) {
  for (uint64_t bits = 0; bits <= 0x7F800000; bits += 10007) {
    const float x = FromBits(bits);
    ASSERT_EQ(ToBits(Tanh(-x)), ToBits(Tanh(x)) ^ 0x80000000u) << x;
    if (x <= 0x1p20f) {
      ASSERT_EQ(ToBits(Sin(-x)), ToBits(Sin(x)) ^ 0x80000000u) << x;
      ASSERT_EQ(ToBits(Cos(-x)), ToBits(Cos(x))) << x;
    }
  }
}

TEST(MathTest, GrowingFunctionsNeverFallByMoreThanTheirError) {
  float exp = 0, tanh = -1, sigmoid = 0;
  for (float x = -110; x < 95; x += 0.0007f) {
    const float steps = 1 + 4 * std::numeric_limits<float>::epsilon();
    ASSERT_GE(Exp(x) * steps, exp) << x;
    ASSERT_GE(Tanh(x) + 0x1p-22f, tanh) << x;
    ASSERT_GE(Sigmoid(x) * steps, sigmoid) << x;
    ASSERT_LE(std::abs(Tanh(x)), 1) << x;
    ASSERT_LE(Sigmoid(x), 1) << x;
    exp = Exp(x);
    tanh = Tanh(x);
    sigmoid = Sigmoid(x);
  }
}

TEST(DoubleMathTest, ExpAndLogAgreeWithTheTruth) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  for (int i = -70000; i <= 70000; ++i) {
    const double x = i * 0.0101;
    ASSERT_NEAR(Exp(x) / std::exp(x), 1, 1.01 * kEpsilon) << x;
    const double y = std::exp(x);
    ASSERT_NEAR(Log(y), std::log(y), 1.01 * kEpsilon * std::abs(std::log(y)))
        << y;
    const double near_one = 1 + i * 1e-6;
    ASSERT_NEAR(Log(near_one), std::log(near_one),
                1.01 * kEpsilon * std::abs(std::log(near_one)))
        << near_one;
  }
}

TEST(DoubleMathTest, ExpAndLogReachTheirEnds) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Exp(0.0), 1);
  EXPECT_EQ(Exp(709.79), kInf);
  EXPECT_NEAR(Exp(709.78) / std::exp(709.78), 1, 1e-15);
  EXPECT_EQ(Exp(-745.0), std::exp(-745.0));
  EXPECT_EQ(Exp(-745.14), 0);
  EXPECT_EQ(Exp(kInf), kInf);
  EXPECT_EQ(Exp(-kInf), 0);
  EXPECT_EQ(Log(1.0), 0);
  EXPECT_EQ(Log(0.0), -kInf);
  EXPECT_EQ(Log(kInf), kInf);
  EXPECT_TRUE(std::isnan(Log(-1.0)));
  EXPECT_NEAR(Log(0x1p-1074), std::log(0x1p-1074), 2e-13);
}

}  // namespace
}  // namespace starling
