// Counter-based random numbers: every value is a pure function of a key and a
// position, so no stream is ever shared and nothing depends on order.
//
// Philox4x32-10 ("Parallel Random Numbers: As Easy as 1, 2, 3") gives the bits;
// normals are our own, made of + - x / sqrt and integers only, so that every
// machine of the target computes the same ones.
#ifndef STARLING_BASE_RNG_H_
#define STARLING_BASE_RNG_H_

#include <array>
#include <cstdint>

namespace starling {

// What a random number is for. Part of every counter; never renumber.
enum class Stream : uint32_t {
  kPerturbation = 0,
  kColumnSigns = 1,
  kEnv = 2,
  kController = 3,
  kPolicyInit = 4,
  kEvaluation = 5,
  kRowPermutation = 6,
};

using PhiloxBlock = std::array<uint32_t, 4>;

// Ten rounds of Philox4x32; the key's low word comes first.
PhiloxBlock Philox(const PhiloxBlock& counter, uint64_t key);

// A 64-bit key for a further generator: words 0 (low) and 1 (high) of
// Philox({c, b, a, stream}, key). a, b and c are below 2^32 (CHECKed).
uint64_t DeriveSeed(uint64_t key, Stream stream, uint64_t a, uint64_t b,
                    uint64_t c);

// A sequence of random numbers under one key. Copyable: a copy goes on by
// itself. Not thread-safe. No allocation.
class Rng {
 public:
  explicit Rng(uint64_t key) : key_(key) {}

  // 32 random bits.
  uint32_t Word();
  // In [0, 1), 53 random bits.
  double Uniform();
  // In [low, high).
  double Uniform(double low, double high) {
    return low + (high - low) * Uniform();
  }
  // An integer in [0, bound), bound >= 1, without bias.
  uint32_t Below(uint32_t bound);
  // Standard normal, double precision, |z| <= 6.76.
  double Normal();

 private:
  uint64_t key_;
  uint64_t block_ = 0;  // counter of the next block
  PhiloxBlock words_;
  int unused_words_ = 0;  // the last ones of words_
  double spare_normal_ = 0;
  bool has_spare_normal_ = false;
};

// Fills z[0 .. n) with the standard normals number `first` .. of the sequence
// (key, stream, iteration, direction): block b of four normals comes from
// Philox({b, direction, iteration, stream}, key). Any part of the sequence can
// be had alone. Eight counters at a time: about 5 ns a normal. No allocation.
void FillNormals(uint64_t key, Stream stream, uint32_t iteration,
                 uint32_t direction, int64_t first, int64_t n, float* z);

// The same bits, one counter at a time: the reference for tests.
void FillNormalsScalar(uint64_t key, Stream stream, uint32_t iteration,
                       uint32_t direction, int64_t first, int64_t n, float* z);

}  // namespace starling

#endif  // STARLING_BASE_RNG_H_
