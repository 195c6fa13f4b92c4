#include "base/linalg.h"

#include <cstring>

#include "base/lanes.h"
#include "base/log.h"

namespace starling {
namespace {

using lanes::Float4;
using lanes::Float8;

inline Float8 Load(const float* x) {
  Float8 v;
  std::memcpy(&v, x, sizeof(v));
  return v;
}

// x[0 .. n), n in [1, 7], then zeros, which change no sum: a lane's sum is
// never -0, since it begins at +0. Reads nothing beyond.
inline Float8 LoadFirst(const float* x, int64_t n) {
#ifdef __AVX2__
  alignas(32) static constexpr int32_t kMask[16] = {
      -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return _mm256_maskload_ps(
      x, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMask + 8 - n)));
#else
  Float8 v = {};
  for (int64_t i = 0; i < n; ++i) v[i] = x[i];
  return v;
#endif
}

inline void StoreFirst(Float8 v, int64_t n, float* x) {
  std::memcpy(x, &v, n * sizeof(float));
}

// (0+4), (1+5), (2+6), (3+7).
inline Float4 Fold(Float8 v) {
  return __builtin_shufflevector(v, v, 0, 1, 2, 3) +
         __builtin_shufflevector(v, v, 4, 5, 6, 7);
}

inline float Reduce(Float8 v) {
  const Float4 folded = Fold(v);
  return (folded[0] + folded[2]) + (folded[1] + folded[3]);
}

// Reduce of four vectors at once.
inline Float4 Reduce(const Float8* v) {
  const Float4 a = Fold(v[0]), b = Fold(v[1]), c = Fold(v[2]), d = Fold(v[3]);
  const Float4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Float4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Float4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Float4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  // Elements 0 and 2 of each, 1 and 3 of each: two rows in a vector.
  const Float4 ab = ab_low + ab_high;
  const Float4 cd = cd_low + cd_high;
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
         __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

// sums[r] = lanes of the dot product of row r with x. Independent rows hide the
// latency of the additions.
template <int kRows>
inline void DotLanes(const float* a, int64_t stride, const float* x, int64_t n,
                     Float8* sums) {
  Float8 lanes[kRows] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const Float8 xs = Load(x + i);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) lanes[r] += Load(a + r * stride + i) * xs;
  }
  if (i < n) {
    const Float8 xs = LoadFirst(x + i, n - i);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      lanes[r] += LoadFirst(a + r * stride + i, n - i) * xs;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) sums[r] = lanes[r];
}

// C's rows [0, kRows) and columns [0, 8 kVectors), of which the last vector has
// `last` in [1, 8] columns, for a(r, i) = a[r row_stride + i inner_stride].
template <int kRows, int kVectors, bool kIsWhole>
inline void GemmBlock(const float* a, int64_t row_stride, int64_t inner_stride,
                      const float* b, int inner, int64_t cols, int64_t last,
                      bool accumulate, float* c) {
  const auto load = [last](const float* x, int v) {
    return kIsWhole || v < kVectors - 1 ? Load(x + 8 * v)
                                        : LoadFirst(x + 8 * v, last);
  };
  Float8 sums[kRows][kVectors] = {};
  for (int i = 0; i < inner; ++i, a += inner_stride, b += cols) {
    Float8 row[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) row[v] = load(b, v);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float factor = a[r * row_stride];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums[r][v] += row[v] * factor;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r, c += cols) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      if (accumulate) sums[r][v] = load(c, v) + sums[r][v];
      StoreFirst(sums[r][v], v < kVectors - 1 || kIsWhole ? 8 : last,
                 c + 8 * v);
    }
  }
}

template <int kRows>
inline void GemmRows(const float* a, int64_t row_stride, int64_t inner_stride,
                     const float* b, int inner, int64_t cols, bool accumulate,
                     float* c) {
  int64_t j = 0;
  for (; j + 16 <= cols; j += 16) {
    GemmBlock<kRows, 2, true>(a, row_stride, inner_stride, b + j, inner, cols,
                              8, accumulate, c + j);
  }
  if (j + 8 <= cols) {
    GemmBlock<kRows, 1, true>(a, row_stride, inner_stride, b + j, inner, cols,
                              8, accumulate, c + j);
    j += 8;
  }
  if (j < cols) {
    GemmBlock<kRows, 1, false>(a, row_stride, inner_stride, b + j, inner, cols,
                               cols - j, accumulate, c + j);
  }
}

void StridedGemm(const float* a, int64_t row_stride, int64_t inner_stride,
                 const float* b, int rows, int inner, int cols, bool accumulate,
                 float* c) {
  DCHECK_GE(rows, 0);
  DCHECK_GE(inner, 0);
  DCHECK_GE(cols, 0);
  const int64_t width = cols;
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    GemmRows<4>(a + r * row_stride, row_stride, inner_stride, b, inner, width,
                accumulate, c + r * width);
  }
  for (; r < rows; ++r) {
    GemmRows<1>(a + r * row_stride, row_stride, inner_stride, b, inner, width,
                accumulate, c + r * width);
  }
}

}  // namespace

float Sum(const float* x, int64_t n) {
  DCHECK_GE(n, 0);
  Float8 lanes = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) lanes += Load(x + i);
  if (i < n) lanes += LoadFirst(x + i, n - i);
  return Reduce(lanes);
}

float Dot(const float* x, const float* y, int64_t n) {
  DCHECK_GE(n, 0);
  Float8 lanes;
  DotLanes<1>(x, 0, y, n, &lanes);
  return Reduce(lanes);
}

void Gemv(const float* a, const float* x, int rows, int cols, bool accumulate,
          float* y) {
  DCHECK_GE(rows, 0);
  DCHECK_GE(cols, 0);
  const int64_t stride = cols;
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    Float8 lanes[4];
    DotLanes<4>(a + r * stride, stride, x, cols, lanes);
    Float4 sums = Reduce(lanes);
    if (accumulate) {
      Float4 old;
      std::memcpy(&old, y + r, sizeof(old));
      sums = old + sums;
    }
    std::memcpy(y + r, &sums, sizeof(sums));
  }
  for (; r < rows; ++r) {
    const float sum = Dot(a + r * stride, x, cols);
    y[r] = accumulate ? y[r] + sum : sum;
  }
}

void Gemm(const float* a, const float* b, int rows, int inner, int cols,
          bool accumulate, float* c) {
  StridedGemm(a, inner, 1, b, rows, inner, cols, accumulate, c);
}

void Gemm(const float* a, int64_t row_stride, const float* b, int rows,
          int inner, int cols, bool accumulate, float* c) {
  StridedGemm(a, row_stride, 1, b, rows, inner, cols, accumulate, c);
}

void GemmTransposed(const float* a, const float* b, int rows, int inner,
                    int cols, bool accumulate, float* c) {
  if (cols != 1) {
    StridedGemm(a, 1, rows, b, rows, inner, cols, accumulate, c);
    return;
  }
  // One column: C^T = B^T A has the same sums, with lanes for rows of C.
  StridedGemm(b, inner, 1, a, 1, inner, rows, accumulate, c);
}

float Max(const float* x, int64_t n) {
  float largest = x[0];
  int64_t i = 0;
  if (n >= 8) {
    Float8 lanes = Load(x);
    for (i = 8; i + 8 <= n; i += 8) {
      const Float8 next = Load(x + i);
      lanes = next > lanes ? next : lanes;
    }
    const Float4 low = __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3);
    const Float4 high = __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7);
    const Float4 four = high > low ? high : low;
    const float a = four[1] > four[0] ? four[1] : four[0];
    const float b = four[3] > four[2] ? four[3] : four[2];
    largest = b > a ? b : a;
  }
  for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

void MultiplyAdd(const float* x, int64_t n, float factor, float term,
                 float* y) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const Float8 next = Load(x + i) * factor + term;
    std::memcpy(y + i, &next, sizeof(next));
  }
  for (; i < n; ++i) y[i] = x[i] * factor + term;
}

}  // namespace starling
