// Sine, cosine and angle in double for dynamics whose results must be the same bits on
// every machine of the target.
//
// + - * / and integers only, always in the same order, like base/math. Scalar:
// they serve small environments, not hot paths over arrays (10 ns a call).
#ifndef STARLING_BASE_MATH_DOUBLE_H_
#define STARLING_BASE_MATH_DOUBLE_H_

namespace starling {

inline constexpr double kPi = 3.14159265358979323846;

// x in radians, |x| <= 2^19; NaN beyond, and for NaN. Error below 1 unit in the
// last place.
double Sin(double x);
double Cos(double x);

// The angle of (x, y) in [-pi, pi], 0 for (0, 0); NaN for NaN and infinities.
// Error below 2 units in the last place.
double Atan2(double y, double x);

}  // namespace starling

#endif  // STARLING_BASE_MATH_DOUBLE_H_
