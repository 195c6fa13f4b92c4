// The elementary functions that results pass through: the same bits on every
// machine of the target.
//
// libm picks variants by CPU; these use + - x / sqrt and integers only, always
// in the same order. Each has a scalar form and a form over an array that works
// on eight lanes at a time; the two are bit-equal for every float. NaN in gives
// NaN out. Arrays: in and out may be the same, no alignment is needed, no
// allocation.
#ifndef STARLING_BASE_MATH_H_
#define STARLING_BASE_MATH_H_

#include <cstdint>

namespace starling {

// Largest errors over all floats, in units in the last place: see math_test.
float Exp(float x);      // +inf above 88.72, 0 below -103.97
float Log(float x);      // -inf at 0, NaN below
float Sin(float x);      // |x| <= 2^20; beyond: NaN
float Cos(float x);      // |x| <= 2^20; beyond: NaN
float Tanh(float x);     // in [-1, 1]
float Sigmoid(float x);  // 1 / (1 + exp(-x)), in [0, 1]

void Exp(const float* x, int64_t n, float* y);
void Log(const float* x, int64_t n, float* y);
void Sin(const float* x, int64_t n, float* y);
void Cos(const float* x, int64_t n, float* y);
void Tanh(const float* x, int64_t n, float* y);
void Sigmoid(const float* x, int64_t n, float* y);

}  // namespace starling

#endif  // STARLING_BASE_MATH_H_
