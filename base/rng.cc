#include "base/rng.h"

#include <Random123/philox.h>

#include <algorithm>
#include <cstring>

#include "base/lanes.h"
#include "base/log.h"

namespace starling {
namespace {

using lanes::Bits;
using lanes::Bits4;
using lanes::Double4;
using lanes::Float4;

// Counter words 1 to 3 of a normal's block; word 0 is the block's number.
struct Sequence {
  uint64_t key;
  uint32_t direction, iteration, stream;
};

// ln(u) for 0 < u < 1, relative error 4e-16: u = 2^e m with m in
// [sqrt(1/2), sqrt(2)), ln(m) = 2 artanh(s), s = (m - 1) / (m + 1).
template <typename Number>
Number LogOfFraction(Number u) {
  constexpr uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
  constexpr uint64_t kOne = 0x3FF0000000000000;
  const Bits<Number> bits = lanes::ToBits(u);
  // Exponent e + 1023 in its usual place, shifted so that m is near 1.
  const Bits<Number> shifted = bits - kSqrtHalf + kOne;
  const Number e = lanes::ToDouble<Number>(shifted >> 52) - 1023.0;
  const Number m =
      lanes::FromBits<Number>(bits - (shifted & 0xFFF0000000000000u) + kOne);
  const Number s = (m - 1.0) / (m + 1.0);
  const Number z = s * s;
  // The next term is below z^11 / 23 < 1e-18.
  Number p = z * (1.0 / 21) + 1.0 / 19;
  p = p * z + 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  const Number log_m = 2.0 * s + 2.0 * s * (z * p);
  // ln 2 in two parts: the first has so few bits that its product is exact.
  constexpr double kLn2High = 0x1.62e42fefap-1;
  constexpr double kLn2Low = 0x1.cf79abc9e3b3ap-40;
  return e * kLn2High + (e * kLn2Low + log_m);
}

template <typename Number>
struct NormalPair {
  Number first, second;
};

// Box-Muller: words in [0, 2^32) to two independent standard normals.
template <typename Number>
NormalPair<Number> ToNormals(Bits<Number> word0, Bits<Number> word1) {
  const Number u = (lanes::ToDouble<Number>(word0) + 0.5) * 0x1p-32;
  const Number radius = lanes::Sqrt(-2.0 * LogOfFraction(u));

  // Angle 2 pi (word1 + 1/2) / 2^32 = quadrant pi / 2 + r, |r| <= pi / 4: the
  // reduction is exact, since it is done on the integer.
  const Bits<Number> turned = word1 + (uint64_t{1} << 29);
  const Bits<Number> quadrant = turned >> 30;
  const Number r =
      (lanes::ToDouble<Number>(turned & ((uint64_t{1} << 30) - 1)) -
       (0x1p29 - 0.5)) *
      (6.283185307179586477 * 0x1p-32);

  // Taylor series to degree 13 and 14: error 2e-14 at most.
  const Number z = r * r;
  Number p = z * (1.0 / 6227020800) - 1.0 / 39916800;
  p = p * z + 1.0 / 362880;
  p = p * z - 1.0 / 5040;
  p = p * z + 1.0 / 120;
  p = p * z - 1.0 / 6;
  const Number sine = r + r * (z * p);
  Number q = z * (-1.0 / 87178291200) + 1.0 / 479001600;
  q = q * z - 1.0 / 3628800;
  q = q * z + 1.0 / 40320;
  q = q * z - 1.0 / 720;
  q = q * z + 1.0 / 24;
  q = q * z - 0.5;
  const Number cosine = 1.0 + z * q;

  // Odd quadrants swap the two; signs by quadrant.
  const Bits<Number> swap = -(quadrant & 1);
  const Bits<Number> s = lanes::ToBits(sine), c = lanes::ToBits(cosine);
  const Bits<Number> sin_sign = (quadrant & 2) << 62;
  const Bits<Number> cos_sign = ((quadrant + 1) & 2) << 62;
  const Number sin_angle =
      lanes::FromBits<Number>(((s & ~swap) | (c & swap)) ^ sin_sign);
  const Number cos_angle =
      lanes::FromBits<Number>(((c & ~swap) | (s & swap)) ^ cos_sign);
  return {radius * cos_angle, radius * sin_angle};
}

// Philox for four consecutive counters; words in the low halves of the lanes.
struct PhiloxLanes {
  Bits4 word[4];
};
PhiloxLanes PhiloxOfFour(const Sequence& sequence, uint64_t block) {
  const Bits4 zero = {};
  // High halves may hold anything: MultiplyLow32 does not read them.
  Bits4 c0 = Bits4{0, 1, 2, 3} + block;
  Bits4 c1 = zero + sequence.direction;
  Bits4 c2 = zero + sequence.iteration;
  Bits4 c3 = zero + sequence.stream;
  uint32_t k0 = static_cast<uint32_t>(sequence.key);
  uint32_t k1 = static_cast<uint32_t>(sequence.key >> 32);
  for (int round = 0; round < 10; ++round) {
    const Bits4 p0 = lanes::MultiplyLow32(c0, PHILOX_M4x32_0);
    const Bits4 p1 = lanes::MultiplyLow32(c2, PHILOX_M4x32_1);
    c0 = (p1 >> 32) ^ c1 ^ k0;
    c1 = p1;
    c2 = (p0 >> 32) ^ c3 ^ k1;
    c3 = p0;
    k0 += PHILOX_W32_0;
    k1 += PHILOX_W32_1;
  }
  constexpr uint64_t kLow = 0xFFFFFFFF;
  return {c0 & kLow, c1 & kLow, c2 & kLow, c3 & kLow};
}

// z[0 .. 16) from the blocks `block` .. `block` + 3.
inline void SixteenNormals(const PhiloxLanes& random, float* z) {
  const NormalPair<Double4> even =
      ToNormals<Double4>(random.word[0], random.word[1]);
  const NormalPair<Double4> odd =
      ToNormals<Double4>(random.word[2], random.word[3]);
  // Lane k holds block k: transpose.
  const Float4 a = __builtin_convertvector(even.first, Float4);
  const Float4 b = __builtin_convertvector(even.second, Float4);
  const Float4 c = __builtin_convertvector(odd.first, Float4);
  const Float4 d = __builtin_convertvector(odd.second, Float4);
  const Float4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Float4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Float4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Float4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Float4 rows[4] = {
      __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5),
      __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
      __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
      __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
  std::memcpy(z, rows, sizeof(rows));
}

// Block numbers have 32 bits.
void CheckRange(int64_t first, int64_t n) {
  CHECK(first >= 0 && n >= 0 && first + n <= int64_t{1} << 34)
      << "normals " << first << " .. " << first + n;
}

}  // namespace

PhiloxBlock Philox(const PhiloxBlock& counter, uint64_t key) {
  r123::Philox4x32::ctr_type c;
  std::copy(counter.begin(), counter.end(), c.begin());
  r123::Philox4x32::key_type k;
  k[0] = static_cast<uint32_t>(key);
  k[1] = static_cast<uint32_t>(key >> 32);
  const r123::Philox4x32::ctr_type words = r123::Philox4x32()(c, k);
  return {words[0], words[1], words[2], words[3]};
}

uint64_t DeriveSeed(uint64_t key, Stream stream, uint64_t a, uint64_t b,
                    uint64_t c) {
  CHECK((a | b | c) < uint64_t{1} << 32)
      << "DeriveSeed(" << a << ", " << b << ", " << c << ")";
  const PhiloxBlock words =
      Philox({static_cast<uint32_t>(c), static_cast<uint32_t>(b),
              static_cast<uint32_t>(a), static_cast<uint32_t>(stream)},
             key);
  return words[0] | static_cast<uint64_t>(words[1]) << 32;
}

uint32_t Rng::Word() {
  if (unused_words_ == 0) {
    // The last counter word keeps clear of every Stream.
    words_ = Philox({static_cast<uint32_t>(block_),
                     static_cast<uint32_t>(block_ >> 32), 0, 0xFFFFFFFF},
                    key_);
    ++block_;
    unused_words_ = 4;
  }
  return words_[4 - unused_words_--];
}

double Rng::Uniform() {
  const uint64_t high = Word() >> 5;
  const uint64_t low = Word() >> 6;
  return static_cast<double>(high << 26 | low) * 0x1p-53;
}

uint32_t Rng::Below(uint32_t bound) {
  CHECK_GE(bound, 1u);
  // Lemire's method: the high half of a product, without the low values that
  // would make some results more frequent.
  const uint32_t threshold = -bound % bound;
  while (true) {
    const uint64_t product = static_cast<uint64_t>(Word()) * bound;
    if (static_cast<uint32_t>(product) >= threshold) return product >> 32;
  }
}

double Rng::Normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const uint64_t word0 = Word();
  const uint64_t word1 = Word();
  const NormalPair<double> pair = ToNormals<double>(word0, word1);
  spare_normal_ = pair.second;
  has_spare_normal_ = true;
  return pair.first;
}

void FillNormals(uint64_t key, Stream stream, uint32_t iteration,
                 uint32_t direction, int64_t first, int64_t n, float* z) {
  CheckRange(first, n);
  const Sequence sequence = {key, direction, iteration,
                             static_cast<uint32_t>(stream)};
  uint64_t block = first / 4;
  int64_t skip = first % 4;
  while (n > 0) {
    if (skip == 0 && n >= 32) {
      const PhiloxLanes low = PhiloxOfFour(sequence, block);
      const PhiloxLanes high = PhiloxOfFour(sequence, block + 4);
      SixteenNormals(low, z);
      SixteenNormals(high, z + 16);
      block += 8;
      z += 32;
      n -= 32;
      continue;
    }
    float buffer[16];
    SixteenNormals(PhiloxOfFour(sequence, block), buffer);
    const int64_t taken = std::min<int64_t>(16 - skip, n);
    std::memcpy(z, buffer + skip, taken * sizeof(float));
    block += 4;
    skip = 0;
    z += taken;
    n -= taken;
  }
}

void FillNormalsScalar(uint64_t key, Stream stream, uint32_t iteration,
                       uint32_t direction, int64_t first, int64_t n, float* z) {
  CheckRange(first, n);
  for (int64_t i = first; i < first + n; ++i) {
    const PhiloxBlock words = Philox({static_cast<uint32_t>(i / 4), direction,
                                      iteration, static_cast<uint32_t>(stream)},
                                     key);
    const int pair = i % 4 / 2;
    const NormalPair<double> normals =
        ToNormals<double>(words[2 * pair], words[2 * pair + 1]);
    *z++ = static_cast<float>(i % 2 == 0 ? normals.first : normals.second);
  }
}

}  // namespace starling
