// One formula for one number and for a register of numbers.
//
// The kernels of base/ are templates over their number type. Instantiated with
// float or double they are the scalar form; with Float8 or Double4 the form
// that works on a register. Both do the same IEEE operations in the same order,
// so they are bit-equal by construction (and by test). Without AVX the compiler
// splits the vectors: slower, same bits.
//
// For base/*.cc only.
#ifndef STARLING_BASE_LANES_H_
#define STARLING_BASE_LANES_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#ifdef __FAST_MATH__
#error "Starling's numbers need IEEE arithmetic: build without -ffast-math"
#endif

namespace starling::lanes {

typedef float Float4 __attribute__((vector_size(16)));
typedef float Float8 __attribute__((vector_size(32)));
typedef uint32_t Bits8 __attribute__((vector_size(32)));
typedef double Double4 __attribute__((vector_size(32)));
typedef uint64_t Bits4 __attribute__((vector_size(32)));

// The integer type whose values hold the bits of a number.
template <typename Number>
struct BitsOf;
template <>
struct BitsOf<float> {
  using Type = uint32_t;
};
template <>
struct BitsOf<Float8> {
  using Type = Bits8;
};
template <>
struct BitsOf<double> {
  using Type = uint64_t;
};
template <>
struct BitsOf<Double4> {
  using Type = Bits4;
};
template <typename Number>
using Bits = typename BitsOf<Number>::Type;

template <typename Number>
inline Bits<Number> ToBits(Number x) {
  Bits<Number> bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
template <typename Number>
inline Number FromBits(Bits<Number> bits) {
  Number x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

inline double Sqrt(double x) { return std::sqrt(x); }
inline Double4 Sqrt(Double4 x) {
#ifdef __AVX2__
  return _mm256_sqrt_pd(x);
#else
  for (int i = 0; i < 4; ++i) x[i] = std::sqrt(x[i]);
  return x;
#endif
}

// Product of the low 32 bits of each lane with `factor`: 64 bits.
inline Bits4 MultiplyLow32(Bits4 x, uint32_t factor) {
#ifdef __AVX2__
  return (Bits4)_mm256_mul_epu32((__m256i)x, _mm256_set1_epi64x(factor));
#else
  return (x & 0xFFFFFFFFu) * factor;
#endif
}

// The double of an integer in [0, 2^52), exactly.
template <typename Number>
inline Number ToDouble(Bits<Number> integer) {
  return FromBits<Number>(integer | 0x4330000000000000u) - 0x1p52;
}

}  // namespace starling::lanes

#endif  // STARLING_BASE_LANES_H_
