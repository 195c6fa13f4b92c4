// Count, sum and sum of squares of each observation coordinate, exactly.
//
// Fixed point, q = round(clamp(x, +-2^20) 2^20), in integers: merging is
// integer addition, so neither order nor grouping can change a bit, and the
// variance of large, nearly constant values keeps all its digits. Not
// thread-safe.
#ifndef STARLING_BASE_MOMENTS_H_
#define STARLING_BASE_MOMENTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/vectors.h"
#include "proto/work.pb.h"

namespace starling {

class Moments {
 public:
  // Sums over vectors of length `size` >= 0.
  explicit Moments(int size);
  // InvalidArgument: lengths that disagree, or sums that no data can have.
  static absl::StatusOr<Moments> FromProto(const v1::Moments& proto, int size);
  v1::Moments ToProto() const;

  // Adds one observation [size]; finite (a NaN counts as 0). No allocation,
  // about 2 ns a coordinate.
  void Add(ConstVectorRef x);
  // Adds everything that `other`, of the same size, has seen.
  void Merge(const Moments& other);
  void Clear();

  int size() const { return static_cast<int>(sum_.size()); }
  uint64_t count() const { return count_; }
  // Of coordinate i; 0 while count is 0. Variance of the population, >= 0.
  double mean(int i) const;
  double variance(int i) const;

  // Raw sums, for signatures.
  __int128 sum(int i) const { return sum_[i]; }
  unsigned __int128 sum_of_squares(int i) const { return squares_[i]; }

 private:
  uint64_t count_ = 0;
  std::vector<__int128> sum_;
  std::vector<unsigned __int128> squares_;
};

}  // namespace starling

#endif  // STARLING_BASE_MOMENTS_H_
