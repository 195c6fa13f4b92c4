#include "base/noise.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/status.h"

namespace starling {
namespace {

// Directions in a leaf of the summation tree. Part of the bits.
constexpr int kLeaf = 16;
// Coordinates summed at a time: a few rows of the tree fit the first cache.
constexpr int kChunk = 512;
// Threads share coordinates in multiples of what the generator fills at once.
constexpr int kGrain = 32;

uint32_t Checked(uint64_t generation) {
  CHECK_LT(generation, uint64_t{1} << 32);
  return static_cast<uint32_t>(generation);
}

class GaussianStream : public NoiseStream {
 public:
  GaussianStream(uint64_t seed, uint32_t generation, int size)
      : seed_(seed), generation_(generation), size_(size) {}

  void Fill(int direction, VectorRef epsilon) override {
    CHECK_GE(direction, 0);
    CHECK_EQ(epsilon.size(), size_);
    FillNormals(seed_, Stream::kPerturbation, generation_, direction, 0, size_,
                epsilon.data());
  }

 private:
  const uint64_t seed_;
  const uint32_t generation_;
  const int size_;
};

// The weighted sum of Gaussian directions over some neighbouring coordinates.
class ChunkSum {
 public:
  ChunkSum(uint64_t seed, uint32_t generation, absl::Span<const double> weights)
      : seed_(seed), generation_(generation), weights_(weights) {
    const int leaves = (weights.size() + kLeaf - 1) / kLeaf;
    const int depth = std::bit_width(static_cast<unsigned>(leaves)) + 1;
    rows_ = std::make_unique_for_overwrite<double[]>(
        static_cast<size_t>(depth) * kChunk);
  }

  // sum[0 .. size) for the coordinates `first` .. ; 1 <= size <= kChunk.
  void Compute(int first, int size, double* sum) {
    first_ = first;
    size_ = size;
    const int leaves = (weights_.size() + kLeaf - 1) / kLeaf;
    double* row = rows_.get();
    if (leaves > 0 && Node(0, leaves, row)) {
      std::copy_n(row, size, sum);
    } else {
      std::fill_n(sum, size, 0.0);
    }
  }

 private:
  // Writes the sum over `leaves` >= 1 leaves from `leaf` on to `row`; rows
  // behind it are scratch. The left child has the largest power of two of
  // leaves that leaves something to the right one. False, and nothing written,
  // if all weights are 0: adding nothing gives the bits that adding zeros
  // would.
  bool Node(int leaf, int leaves, double* row) {
    if (leaves == 1) return Leaf(leaf, row);
    const int left = std::bit_floor(static_cast<unsigned>(leaves - 1));
    if (!Node(leaf, left, row)) return Node(leaf + left, leaves - left, row);
    double* right = row + kChunk;
    if (Node(leaf + left, leaves - left, right)) {
      for (int k = 0; k < size_; ++k) row[k] += right[k];
    }
    return true;
  }

  // Directions of one leaf, in order.
  bool Leaf(int leaf, double* row) {
    const int begin = leaf * kLeaf;
    const int end = std::min<int>(begin + kLeaf, weights_.size());
    bool any = false;
    for (int i = begin; i < end; ++i) {
      const double weight = weights_[i];
      if (weight == 0) continue;
      if (!any) std::fill_n(row, size_, 0.0);
      any = true;
      FillNormals(seed_, Stream::kPerturbation, generation_, i, first_, size_,
                  normals_);
      for (int k = 0; k < size_; ++k) row[k] += weight * normals_[k];
    }
    return any;
  }

  const uint64_t seed_;
  const uint32_t generation_;
  const absl::Span<const double> weights_;
  int first_ = 0;
  int size_ = 0;
  std::unique_ptr<double[]> rows_;
  float normals_[kChunk];
};

class GaussianNoise : public Noise {
 public:
  GaussianNoise(uint64_t seed, int size) : seed_(seed), size_(size) {}

  std::unique_ptr<NoiseStream> Open(uint64_t generation) const override {
    return std::make_unique<GaussianStream>(seed_, Checked(generation), size_);
  }

  void WeightedSum(uint64_t generation, absl::Span<const double> weights,
                   int threads,
                   Eigen::Ref<Eigen::VectorXd> sum) const override {
    CHECK_EQ(sum.size(), size_);
    CHECK_LE(weights.size(), size_t{1} << 30);
    double* out = sum.data();
    // A few pieces a thread, whatever the size: each has its own tree.
    const int64_t grain =
        (size_ / (int64_t{4} * threads) / kGrain + 1) * kGrain;
    ParallelFor(size_, threads, grain, [&](int64_t begin, int64_t end) {
      ChunkSum chunk(seed_, Checked(generation), weights);
      for (int64_t first = begin; first < end; first += kChunk) {
        chunk.Compute(first, std::min<int64_t>(kChunk, end - first),
                      out + first);
      }
    });
  }

 private:
  const uint64_t seed_;
  const int size_;
};

// Number of parameters. InvalidArgument if the blocks leave gaps.
absl::StatusOr<int> SizeOf(const ParameterLayout& layout) {
  int64_t size = 0;
  for (const ParameterBlock& block : layout) {
    if (block.offset != size || block.rows < 0 || block.cols < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter block ", block.name, " (", block.rows, " x ", block.cols,
          ") begins at ", block.offset, ", not at ", size));
    }
    size += static_cast<int64_t>(block.rows) * block.cols;
    if (size > INT32_MAX) break;
  }
  if (size < 1 || size > INT32_MAX) {
    return absl::InvalidArgumentError(
        absl::StrCat("a policy needs 1 to 2^31 - 1 parameters, not ", size));
  }
  return static_cast<int>(size);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Noise>> Noise::Create(
    const v1::NoiseConfig& config, uint64_t seed,
    const ParameterLayout& layout) {
  ASSIGN_OR_RETURN(const int size, SizeOf(layout));
  switch (config.kind_case()) {
    case v1::NoiseConfig::kGaussian:
    case v1::NoiseConfig::KIND_NOT_SET:
      return std::make_unique<GaussianNoise>(seed, size);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown kind of noise, field ", static_cast<int>(config.kind_case())));
}

uint64_t NoiseCheck(ConstVectorRef epsilon) {
  static_assert(std::endian::native == std::endian::little);
  const std::string digest =
      Sha256(absl::string_view(reinterpret_cast<const char*>(epsilon.data()),
                               epsilon.size() * sizeof(float)));
  uint64_t check;
  std::memcpy(&check, digest.data(), sizeof(check));
  return check;
}

}  // namespace starling
