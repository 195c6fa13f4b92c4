// The elementary functions that results pass through: the same bits on every
// machine of the target.
//
// libm picks variants by CPU; these use + - x / sqrt and integers only, always
// in the same order. Each has a scalar form and a form over an array that works
// on eight lanes at a time; the two are bit-equal for every float. NaN in gives
// the quiet NaN 0x7FC00000 out; denormals are numbers like any other. Arrays:
// in and out may be the same, no alignment is needed, no allocation.
#ifndef STARLING_BASE_MATH_H_
#define STARLING_BASE_MATH_H_

#include <cstdint>

namespace starling {

// Largest error, in units in the last place, over all floats [measured by
// math_test with STARLING_SWEEP=1 against double arithmetic].
float Exp(float x);      // 1 ulp; +inf above 88.72284, 0 below -103.9721
float Log(float x);      // 1 ulp; -inf at +-0, NaN below
float Sin(float x);      // 0.51 ulp for |x| <= 2^20; beyond: NaN
float Cos(float x);      // 0.51 ulp for |x| <= 2^20; beyond: NaN
float Tanh(float x);     // 1.5 ulp; odd, in [-1, 1], +-1 beyond 9.02
float Sigmoid(float x);  // 2.5 ulp; 1 / (1 + exp(-x)), in [0, 1]

// y[0 .. n) = f(x[0 .. n)).
void Exp(const float* x, int64_t n, float* y);
void Log(const float* x, int64_t n, float* y);
void Sin(const float* x, int64_t n, float* y);
void Cos(const float* x, int64_t n, float* y);
// Both at once: little more work than one. No two of the arrays may overlap.
void SinCos(const float* x, int64_t n, float* sines, float* cosines);
void Tanh(const float* x, int64_t n, float* y);
void Sigmoid(const float* x, int64_t n, float* y);

// In double, for statistics; about 10 ns. Sine and cosine in double lie in
// base/math_double. Largest errors measured:
double Exp(double x);  // 1 ulp; +inf above 709.79, 0 below -745.14
double Log(double x);  // 1 ulp; -inf at +-0, NaN below

}  // namespace starling

#endif  // STARLING_BASE_MATH_H_
