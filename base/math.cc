#include "base/math.h"

#include <cstring>

#include "base/lanes.h"

namespace starling {
namespace {

using lanes::Bits;
using lanes::Double4;
using lanes::Float4;
using lanes::Float8;
using lanes::FromBits;
using lanes::ToBits;

constexpr double kLn2 = 0.69314718055994530942;
// Adding and subtracting these rounds a small number to an integer, which then
// also lies in the low bits of the sum.
constexpr float kRoundFloat = 0x1.8p23f;
constexpr double kRoundDouble = 0x1.8p52;
constexpr double kLargestAngle = 0x1p20;

// The same number in every lane.
template <typename Number, typename Scalar>
Number All(Scalar x) {
  return Number{} + x;
}
template <typename Number>
Number QuietNan(float) {
  return FromBits<Number>(Bits<Number>{} + 0x7FC00000u);
}
template <typename Number>
Number QuietNan(double) {
  return FromBits<Number>(Bits<Number>{} + 0x7FF8000000000000u);
}
constexpr float kInfinity = __builtin_inff();

// 2^k for k in [-126, 127], given modulo 2^32.
template <typename Number>
Number Pow2(Bits<Number> k) {
  return FromBits<Number>((k + 127u) << 23);
}

// e^x = y 2^k: returns y in [0.7, 1.42], sets k (modulo 2^32); |x| <= 104.
// Coefficients of Cephes' expf.
template <typename Number>
[[gnu::always_inline]] inline Number ExpParts(Number x, Bits<Number>* k) {
  const Number shifted = x * static_cast<float>(1 / kLn2) + kRoundFloat;
  const Number n = shifted - kRoundFloat;
  *k = ToBits(shifted) - 0x4B400000u;  // the bits of kRoundFloat
  // ln 2 in two parts; the first has ten bits, so its product is exact.
  const Number r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Number p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return 1.0f + (r + (r * r) * p);
}

template <typename Number>
[[gnu::always_inline]] inline Number ExpOf(Number x) {
  // Comparisons are written so that NaN passes.
  const Number below = x > 89.0f ? All<Number>(89.0f) : x;
  const Number clamped = below < -104.0f ? All<Number>(-104.0f) : below;
  Bits<Number> k;
  const Number y = ExpParts(clamped, &k);
  // In two factors: 2^k itself may be denormal or too large. The first product
  // is exact, so the result is rounded once more at most.
  const Bits<Number> half = ((k + 256u) >> 1) - 128u;
  const Number result = y * Pow2<Number>(half) * Pow2<Number>(k - half);
  return x == x ? result : QuietNan<Number>(0.0f);
}

// x = 2^e m with m in [sqrt(1/2), sqrt(2)), ln(m) = 2 artanh(s) with
// s = (m - 1) / (m + 1), arranged so that f = m - 1 enters unrounded.
template <typename Number>
[[gnu::always_inline]] inline Number LogOf(Number x) {
  const Number normal = x < 0x1p-126f ? x * 0x1p25f : x;
  const Number offset =
      x < 0x1p-126f ? All<Number>(152.0f) : All<Number>(127.0f);
  constexpr uint32_t kSqrtHalf = 0x3F3504F3, kOne = 0x3F800000;
  const Bits<Number> bits = ToBits(normal);
  const Bits<Number> shifted = bits - kSqrtHalf + kOne;
  const Number e =
      FromBits<Number>((shifted >> 23) | 0x4B000000u) - 0x1p23f - offset;
  const Number f =
      FromBits<Number>(bits - (shifted & 0xFF800000u) + kOne) - 1.0f;
  const Number s = f / (2.0f + f);
  const Number z = s * s;
  // 2 artanh(s) = 2 s + s r; the next term is below 2^-28 of the sum.
  Number r = z * (2.0f / 11) + 2.0f / 9;
  r = r * z + 2.0f / 7;
  r = r * z + 2.0f / 5;
  r = r * z + 2.0f / 3;
  r = r * z;
  const Number half_square = 0.5f * f * f;
  // ln 2 in two parts; the first has 17 bits, so its product is exact.
  constexpr float kLn2High = 0x1.62e3p-1f;
  constexpr float kLn2Low = static_cast<float>(kLn2 - kLn2High);
  const Number result =
      e * kLn2High -
      ((half_square - (s * (half_square + r) + e * kLn2Low)) - f);
  // All comparisons with NaN are false.
  const Number positive = x < kInfinity ? result : All<Number>(kInfinity);
  const Number not_negative = x > 0.0f ? positive : All<Number>(-kInfinity);
  return x >= 0.0f ? not_negative : QuietNan<Number>(0.0f);
}

// Works on |x|, so that it is odd by construction.
template <typename Number>
[[gnu::always_inline]] inline Number TanhOf(Number x) {
  const Bits<Number> sign = ToBits(x) & 0x80000000u;
  const Number size = FromBits<Number>(ToBits(x) ^ sign);
  // Near 0: odd polynomial of Cephes' tanhf.
  const Number z = size * size;
  Number p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const Number near = size + size * (z * p);
  // Far: 1 - 2 / (e^2|x| + 1), which is 1 from 9.02 on.
  const Number clamped = size > 9.1f ? All<Number>(9.1f) : size;
  Bits<Number> k;
  const Number y = ExpParts(clamped + clamped, &k);
  const Number far = 1.0f - 2.0f / (y * Pow2<Number>(k) + 1.0f);
  const Number result = size < 0.625f ? near : far;
  return x == x ? FromBits<Number>(ToBits(result) | sign)
                : QuietNan<Number>(0.0f);
}

// e^-|x| <= 1 neither overflows nor loses the small values.
template <typename Number>
[[gnu::always_inline]] inline Number SigmoidOf(Number x) {
  const Number e = ExpOf(FromBits<Number>(ToBits(x) | 0x80000000u));
  const Number numerator = x < 0.0f ? e : All<Number>(1.0f);
  const Number result = numerator / (1.0f + e);
  return x == x ? result : QuietNan<Number>(0.0f);
}

// x = quadrant pi / 2 + r with |r| <= pi / 4 for |x| <= 2^20; the low two bits
// of `quadrant` count. pi / 2 in two parts, 33 bits and the next 53: the first
// product and difference are exact.
template <typename Number>
struct Angle {
  Number r;
  Bits<Number> quadrant;
};
template <typename Number>
[[gnu::always_inline]] inline Angle<Number> ReduceAngle(Number x) {
  constexpr double kTwoOverPi = 0.63661977236758134308;
  constexpr double kHalfPiHigh = 0x1.921fb544p0;
  constexpr double kHalfPiLow = 0x1.0b4611a626331p-34;
  const Number shifted = x * kTwoOverPi + kRoundDouble;
  const Number n = shifted - kRoundDouble;
  return {(x - n * kHalfPiHigh) - n * kHalfPiLow, ToBits(shifted)};
}

// sin(quadrant pi / 2 + r) from sin(r) and cos(r), and NaN beyond the range.
template <typename Number>
[[gnu::always_inline]] inline Number SineOfQuadrant(Number x,
                                                    Bits<Number> quadrant,
                                                    Number sine,
                                                    Number cosine) {
  const Bits<Number> swap = -(quadrant & 1u);
  const Bits<Number> sign = (quadrant & 2u) << 62;
  const Number result = FromBits<Number>(
      ((ToBits(sine) & ~swap) | (ToBits(cosine) & swap)) ^ sign);
  const Number size = FromBits<Number>(ToBits(x) & 0x7FFFFFFFFFFFFFFFu);
  return size <= kLargestAngle ? result : QuietNan<Number>(0.0);
}

// Sine and cosine of the angle's remainder, good to 2^-36: more than a float
// holds.
template <typename Number>
struct ShortSine {
  explicit ShortSine(Number x) : x(x) {
    const Angle<Number> angle = ReduceAngle(x);
    quadrant = angle.quadrant;
    const Number r = angle.r;
    const Number z = r * r;
    Number p = z * (-1.0 / 39916800) + 1.0 / 362880;
    p = p * z - 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z - 1.0 / 6;
    Number q = z * (1.0 / 479001600) - 1.0 / 3628800;
    q = q * z + 1.0 / 40320;
    q = q * z - 1.0 / 720;
    q = q * z + 1.0 / 24;
    q = q * z - 0.5;
    // r (1 + ..) keeps the sign of -0.
    sine = r * (1.0 + z * p);
    cosine = 1.0 + z * q;
  }
  // sin(x + turns pi / 2).
  Number Turned(uint64_t turns) const {
    return SineOfQuadrant(x, quadrant + turns, sine, cosine);
  }

  Number x, sine, cosine;
  Bits<Number> quadrant;
};

// Eight of them.
struct ShortSine8 {
  explicit ShortSine8(Float8 x)
      : low(__builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3),
                                    Double4)),
        high(__builtin_convertvector(__builtin_shufflevector(x, x, 4, 5, 6, 7),
                                     Double4)) {}
  Float8 Turned(uint64_t turns) const {
    const Float4 a = __builtin_convertvector(low.Turned(turns), Float4);
    const Float4 b = __builtin_convertvector(high.Turned(turns), Float4);
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
  }

  const ShortSine<Double4> low, high;
};

// y = f(x), twice eight at a time, of which one goes on while the other waits
// for its results; the rest in a padded register.
template <typename Function>
inline void Map(Function f, const float* x, int64_t n, float* y) {
  for (; n >= 16; n -= 16, x += 16, y += 16) {
    Float8 v, w;
    std::memcpy(&v, x, sizeof(v));
    std::memcpy(&w, x + 8, sizeof(w));
    v = f(v);
    w = f(w);
    std::memcpy(y, &v, sizeof(v));
    std::memcpy(y + 8, &w, sizeof(w));
  }
  if (n >= 8) {
    Float8 v;
    std::memcpy(&v, x, sizeof(v));
    v = f(v);
    std::memcpy(y, &v, sizeof(v));
    n -= 8, x += 8, y += 8;
  }
  if (n > 0) {
    Float8 v = {};
    std::memcpy(&v, x, n * sizeof(float));
    v = f(v);
    std::memcpy(y, &v, n * sizeof(float));
  }
}

}  // namespace

float Exp(float x) { return ExpOf(x); }
float Log(float x) { return LogOf(x); }
float Sin(float x) {
  return static_cast<float>(ShortSine<double>(x).Turned(0));
}
float Cos(float x) {
  return static_cast<float>(ShortSine<double>(x).Turned(1));
}
float Tanh(float x) { return TanhOf(x); }
float Sigmoid(float x) { return SigmoidOf(x); }

void Exp(const float* x, int64_t n, float* y) {
  Map([](Float8 v) { return ExpOf(v); }, x, n, y);
}
void Log(const float* x, int64_t n, float* y) {
  Map([](Float8 v) { return LogOf(v); }, x, n, y);
}
void Sin(const float* x, int64_t n, float* y) {
  Map([](Float8 v) { return ShortSine8(v).Turned(0); }, x, n, y);
}
void Cos(const float* x, int64_t n, float* y) {
  Map([](Float8 v) { return ShortSine8(v).Turned(1); }, x, n, y);
}
void SinCos(const float* x, int64_t n, float* sines, float* cosines) {
  const auto both = [](Float8 v, Float8* sine, Float8* cosine) {
    const ShortSine8 parts(v);
    *sine = parts.Turned(0);
    *cosine = parts.Turned(1);
  };
  Float8 v = {}, sine, cosine;
  for (; n >= 8; n -= 8, x += 8, sines += 8, cosines += 8) {
    std::memcpy(&v, x, sizeof(v));
    both(v, &sine, &cosine);
    std::memcpy(sines, &sine, sizeof(v));
    std::memcpy(cosines, &cosine, sizeof(v));
  }
  if (n > 0) {
    v = Float8{};
    std::memcpy(&v, x, n * sizeof(float));
    both(v, &sine, &cosine);
    std::memcpy(sines, &sine, n * sizeof(float));
    std::memcpy(cosines, &cosine, n * sizeof(float));
  }
}
void Tanh(const float* x, int64_t n, float* y) {
  Map([](Float8 v) { return TanhOf(v); }, x, n, y);
}
void Sigmoid(const float* x, int64_t n, float* y) {
  Map([](Float8 v) { return SigmoidOf(v); }, x, n, y);
}

double Exp(double x) {
  if (x != x) return QuietNan<double>(0.0);
  if (x > 710) return kInfinity;
  if (x < -746) return 0;
  const double shifted = x * (1 / kLn2) + kRoundDouble;
  const double n = shifted - kRoundDouble;
  // The first part of ln 2 has 32 bits, so its product is exact.
  const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
  double p = r * (1.0 / 6227020800) + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 1.0 / 2;
  const double y = 1 + (r + (r * r) * p);
  const int64_t k = static_cast<int64_t>(n);
  const int64_t half = k / 2;
  const auto pow2 = [](int64_t i) {
    return FromBits<double>(static_cast<uint64_t>(i + 1023) << 52);
  };
  return y * pow2(half) * pow2(k - half);
}

double Log(double x) {
  if (!(x > 0)) return x == 0 ? -kInfinity : QuietNan<double>(0.0);
  if (x == kInfinity) return x;
  constexpr uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
  constexpr uint64_t kOne = 0x3FF0000000000000;
  const bool tiny = x < 0x1p-1022;
  const uint64_t bits = ToBits(tiny ? x * 0x1p54 : x);
  const uint64_t shifted = bits - kSqrtHalf + kOne;
  const double e =
      static_cast<double>(shifted >> 52) - (tiny ? 1023 + 54 : 1023);
  const double f =
      FromBits<double>(bits - (shifted & 0xFFF0000000000000u) + kOne) - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  double r = z * (2.0 / 21) + 2.0 / 19;
  r = r * z + 2.0 / 17;
  r = r * z + 2.0 / 15;
  r = r * z + 2.0 / 13;
  r = r * z + 2.0 / 11;
  r = r * z + 2.0 / 9;
  r = r * z + 2.0 / 7;
  r = r * z + 2.0 / 5;
  r = r * z + 2.0 / 3;
  r = r * z;
  const double half_square = 0.5 * f * f;
  return e * 0x1.62e42feep-1 -
         ((half_square - (s * (half_square + r) + e * 0x1.a39ef35793c76p-33)) -
          f);
}

}  // namespace starling
