// Durations, counted in classes 5 % wide from 10 us to over 100 s: quantiles of
// any number of them in fixed memory, and sums of such counts.
#ifndef STARLING_DEPLOY_BENCH_HISTOGRAM_H_
#define STARLING_DEPLOY_BENCH_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace starling {

// Trivially copyable, so that it can be sent as it stands.
class Histogram {
 public:
  void Add(double seconds) { ++counts_[ClassOf(seconds)]; }
  void Add(const Histogram& other) {
    for (int i = 0; i < kNumClasses; ++i) counts_[i] += other.counts_[i];
  }
  uint64_t count() const {
    uint64_t sum = 0;
    for (const uint64_t n : counts_) sum += n;
    return sum;
  }
  // Seconds that a share `q` in [0, 1] did not exceed, rounded up to the end of
  // its class; 0 if there are none.
  double Quantile(double q) const {
    const auto wanted = std::max<uint64_t>(
        1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count()))));
    uint64_t sum = 0;
    for (int i = 0; i < kNumClasses; ++i) {
      sum += counts_[i];
      if (sum >= wanted) return kFirst_s * std::pow(kRatio, i);
    }
    return 0;
  }

 private:
  static constexpr double kFirst_s = 1e-5;
  static constexpr double kRatio = 1.05;
  static constexpr int kNumClasses = 340;  // 1e-5 s * 1.05^339 = 152 s

  // Class i ends at kFirst_s kRatio^i.
  static int ClassOf(double seconds) {
    if (!(seconds > kFirst_s)) return 0;
    const double i = std::ceil(std::log(seconds / kFirst_s) / std::log(kRatio));
    return static_cast<int>(std::min<double>(i, kNumClasses - 1));
  }

  std::array<uint64_t, kNumClasses> counts_{};
};

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_HISTOGRAM_H_
