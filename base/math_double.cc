#include "base/math_double.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace starling {
namespace {

constexpr double kLimit = 524288;
constexpr double kHalfPi = 1.57079632679489661923;
constexpr double kTwoOverPi = 6.36619772367581382433e-01;

// pi/2 in three parts of 33 bits, so that multiples below 2^20 are exact, each
// with what remains after it.
constexpr double kPart1 = 1.57079632673412561417e+00;
constexpr double kPart2 = 6.07710050630396597660e-11;
constexpr double kRest2 = 2.02226624879595063154e-21;
constexpr double kPart3 = 2.02226624871116645580e-21;
constexpr double kRest3 = 8.47842766036889956997e-32;

// x = quarter pi/2 + high + low, |high| <= pi/4.
struct Reduced {
  int64_t quarter;
  double high;
  double low;
};

Reduced Reduce(double x) {
  // Adding and taking away 1.5 * 2^52 rounds to the nearest integer.
  constexpr double kRound = 6755399441055744.0;
  const double n = (x * kTwoOverPi + kRound) - kRound;

  const double first = x - n * kPart1;
  const double step2 = n * kPart2;
  double r = first - step2;
  double rest = n * kRest2 - ((first - r) - step2);
  double high = r - rest;
  // So close to a multiple of pi/2 that 118 bits of it are too few.
  if (high > -0x1p-20 && high < 0x1p-20 && n != 0) {
    const double second = r;
    const double step3 = n * kPart3;
    r = second - step3;
    rest = n * kRest3 - ((second - r) - step3);
    high = r - rest;
  }
  return {static_cast<int64_t>(n), high, (r - high) - rest};
}

// Minimax polynomials of fdlibm on [-pi/4, pi/4].
double SinKernel(double x, double low) {
  const double z = x * x;
  const double v = z * x;
  const double r = 8.33333333332248946124e-03 +
                   z * (-1.98412698298579493134e-04 +
                        z * (2.75573137070700676789e-06 +
                             z * (-2.50507602534068634195e-08 +
                                  z * 1.58969099521155010221e-10)));
  return x -
         ((z * (0.5 * low - v * r) - low) - v * -1.66666666666666324348e-01);
}

double CosKernel(double x, double low) {
  const double z = x * x;
  const double r =
      z * (4.16666666666666019037e-02 +
           z * (-1.38888888888741095749e-03 +
                z * (2.48015872894767294178e-05 +
                     z * (-2.75573143513906633035e-07 +
                          z * (2.08757232129817482790e-09 +
                               z * -1.13596475577881948265e-11)))));
  const double half = 0.5 * z;
  const double w = 1 - half;
  return w + (((1 - w) - half) + (z * r - x * low));
}

// sin(x + quarters pi/2).
double SinOfQuarter(double x, int64_t quarters) {
  if (!(x >= -kLimit && x <= kLimit)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const Reduced reduced = Reduce(x);
  switch ((reduced.quarter + quarters) & 3) {
    case 0:
      return SinKernel(reduced.high, reduced.low);
    case 1:
      return CosKernel(reduced.high, reduced.low);
    case 2:
      return -SinKernel(reduced.high, reduced.low);
    default:
      return -CosKernel(reduced.high, reduced.low);
  }
}

}  // namespace

double Sin(double x) { return SinOfQuarter(x, 0); }

double Cos(double x) { return SinOfQuarter(x, 1); }

double Atan2(double y, double x) {
  const double size_x = x < 0 ? -x : x, size_y = y < 0 ? -y : y;
  const double larger = size_x > size_y ? size_x : size_y;
  if (larger == 0) return 0;
  // In the first octant to five digits; NaN stays NaN.
  const bool is_steep = size_y > size_x;
  const double t = is_steep ? size_x / size_y : size_y / size_x;
  const double z = t * t;
  double angle =
      t *
      (0.9998660 +
       z * (-0.3302995 + z * (0.1801410 + z * (-0.0851330 + z * 0.0208351))));
  // Twice by Newton: the error becomes its third power.
  const double c = is_steep ? t : 1, s = is_steep ? 1 : t;
  if (is_steep) angle = kHalfPi - angle;
  for (int i = 0; i < 2; ++i) {
    const double sine = Sin(angle), cosine = Cos(angle);
    angle += (s * cosine - c * sine) / (c * cosine + s * sine);
  }
  if (x < 0) angle = kPi - angle;
  return y < 0 ? -angle : angle;
}

}  // namespace starling
