// Products and reductions with a fixed order, for the hot paths: the same bits
// whatever the addresses, the compiler and the machine.
//
// Reductions: eight partial sums by index (element i belongs to lane i mod 8),
// then the tree ((0+4)+(2+6)) + ((1+5)+(3+7)). No fused multiply-add. No
// alignment is needed, no allocation.
#ifndef STARLING_BASE_LINALG_H_
#define STARLING_BASE_LINALG_H_

#include <cstdint>

namespace starling {

// x[0] + .. + x[n-1].
float Sum(const float* x, int64_t n);

// x . y.
float Dot(const float* x, const float* y, int64_t n);

// The largest of x[0] .. x[n-1], n >= 1, none of them NaN.
float Max(const float* x, int64_t n);

// y[i] = x[i] factor + term, each rounded twice. y may be x.
void MultiplyAdd(const float* x, int64_t n, float factor, float term, float* y);

// y = A x (+ y if accumulate), A [rows, cols] stored row by row. Row r is
// Dot(A + r cols, x, cols), bit for bit.
void Gemv(const float* a, const float* x, int rows, int cols, bool accumulate,
          float* y);

// C = A B (+ C if accumulate): A [rows, inner], B [inner, cols], C [rows,
// cols], all stored row by row. An element is a sum in the order of `inner`,
// from 0, each product rounded; what was there is added last.
void Gemm(const float* a, const float* b, int rows, int inner, int cols,
          bool accumulate, float* c);

// The same where A's rows begin `row_stride` numbers apart; they may overlap, as
// the windows of a convolution do.
void Gemm(const float* a, int64_t row_stride, const float* b, int rows,
          int inner, int cols, bool accumulate, float* c);

// The same of A^T, for A stored as [inner, rows].
void GemmTransposed(const float* a, const float* b, int rows, int inner,
                    int cols, bool accumulate, float* c);

}  // namespace starling

#endif  // STARLING_BASE_LINALG_H_
