#include "base/moments.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace starling {
namespace {

constexpr double kScale = 1048576.0;  // 2^20: a step of 1e-6
constexpr double kLimit = 1048576.0;  // |x| up to 2^20
constexpr double kUnit = 1.0 / kScale;
// 2^40 a value: 2^23 more fit in 63 bits, 2^87 in 127.
constexpr int64_t kMaxValue = int64_t{1} << 40;

__int128 Join(uint64_t high, uint64_t low) {
  return static_cast<__int128>((static_cast<unsigned __int128>(high) << 64) |
                               low);
}

uint64_t High(unsigned __int128 x) { return static_cast<uint64_t>(x >> 64); }
uint64_t Low(unsigned __int128 x) { return static_cast<uint64_t>(x); }

}  // namespace

Moments::Moments(int size) : sum_(size, 0), squares_(size, 0) {
  CHECK_GE(size, 0);
}

absl::StatusOr<Moments> Moments::FromProto(const v1::Moments& proto, int size) {
  Moments moments(size);
  const bool empty = proto.count() == 0 && proto.sum_low_size() == 0;
  if (empty && proto.sum_high_size() == 0 && proto.square_low_size() == 0 &&
      proto.square_high_size() == 0) {
    return moments;
  }
  if (proto.sum_low_size() != size || proto.sum_high_size() != size ||
      proto.square_low_size() != size || proto.square_high_size() != size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "moments of ", proto.sum_low_size(), " coordinates, expected ", size));
  }
  moments.count_ = proto.count();
  const unsigned __int128 count = proto.count();
  for (int i = 0; i < size; ++i) {
    const __int128 sum = Join(proto.sum_high(i), proto.sum_low(i));
    const unsigned __int128 squares = static_cast<unsigned __int128>(
        Join(proto.square_high(i), proto.square_low(i)));
    const unsigned __int128 magnitude =
        sum < 0 ? -static_cast<unsigned __int128>(sum)
                : static_cast<unsigned __int128>(sum);
    // Bounds of count values of at most 2^40; count < 2^46 keeps the products
    // within 128 bits.
    if (count >> 46 != 0 || magnitude > count * kMaxValue ||
        squares > count * kMaxValue * kMaxValue) {
      return absl::InvalidArgumentError(
          absl::StrCat("moments of coordinate ", i, " are more than ",
                       proto.count(), " observations can sum to"));
    }
    moments.sum_[i] = sum;
    moments.squares_[i] = squares;
  }
  return moments;
}

v1::Moments Moments::ToProto() const {
  v1::Moments proto;
  proto.set_count(count_);
  for (int i = 0; i < size(); ++i) {
    proto.add_sum_low(Low(static_cast<unsigned __int128>(sum_[i])));
    proto.add_sum_high(High(static_cast<unsigned __int128>(sum_[i])));
    proto.add_square_low(Low(squares_[i]));
    proto.add_square_high(High(squares_[i]));
  }
  return proto;
}

void Moments::Add(ConstVectorRef x) {
  DCHECK_EQ(x.size(), size());
  ++count_;
  for (int i = 0; i < size(); ++i) {
    double value = x[i];
    // Written so that NaN becomes 0.
    value = value < kLimit ? value : (value >= kLimit ? kLimit : 0.0);
    value = value > -kLimit ? value : -kLimit;
    const int64_t q = std::llrint(value * kScale);
    sum_[i] += q;
    squares_[i] += static_cast<unsigned __int128>(static_cast<__int128>(q) * q);
  }
}

void Moments::Merge(const Moments& other) {
  CHECK_EQ(other.size(), size());
  count_ += other.count_;
  for (int i = 0; i < size(); ++i) {
    sum_[i] += other.sum_[i];
    squares_[i] += other.squares_[i];
  }
}

void Moments::Clear() {
  count_ = 0;
  std::fill(sum_.begin(), sum_.end(), 0);
  std::fill(squares_.begin(), squares_.end(), 0);
}

double Moments::mean(int i) const {
  if (count_ == 0) return 0;
  return static_cast<double>(sum_[i]) / static_cast<double>(count_) * kUnit;
}

double Moments::variance(int i) const {
  if (count_ == 0) return 0;
  // n^2 var = n S2 - S1^2 in integers where it fits, so that nothing cancels:
  // split S1 = n m + r with |r| < n; then sum (q - m)^2 = S2 - 2 m S1 + n m^2
  // is an exact, small integer.
  const __int128 n = static_cast<__int128>(count_);
  const __int128 m = sum_[i] / n;
  const __int128 r = sum_[i] - n * m;
  const unsigned __int128 centred =
      squares_[i] - static_cast<unsigned __int128>(m * (sum_[i] + r));
  const double count = static_cast<double>(count_);
  const double mean_rest = static_cast<double>(r) / count;
  const double variance =
      static_cast<double>(centred) / count - mean_rest * mean_rest;
  return (variance > 0 ? variance : 0) * kUnit * kUnit;
}

}  // namespace starling
