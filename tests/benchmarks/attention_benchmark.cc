// Attention by random features and exactly: time by the number of tokens.
//
// Usage: attention_benchmark             tables
//        attention_benchmark --attend L D M
//          seconds of linear attention over L tokens of D numbers with M
//          positive features
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "policies/attention/linear_attention.h"

namespace starling {
namespace {

using Tokens = TokenMatrix<float>;
using Clock = std::chrono::steady_clock;

Tokens Draw(int rows, int columns, uint64_t seed) {
  Tokens tokens(rows, columns);
  FillNormals(seed, Stream::kEnv, 0, 0, 0, tokens.size(), tokens.data());
  return tokens;
}

std::shared_ptr<const FeatureMap> Make(const std::string& text, int dim) {
  v1::FeatureConfig config;
  CHECK(ParseTextProto(text, "features", &config).ok());
  auto map = MakeFeatures(config, dim);
  CHECK(map.ok()) << map.status();
  return *std::move(map);
}

// Seconds of the quickest round; as many as take half a second, at least two.
double Time(const std::function<void()>& call) {
  double best = std::numeric_limits<double>::infinity(), all = 0;
  for (int round = 0; round < 2 || all < 0.5; ++round) {
    const Clock::time_point begin = Clock::now();
    call();
    const double seconds =
        std::chrono::duration<double>(Clock::now() - begin).count();
    all += seconds;
    best = std::min(best, seconds);
  }
  return best;
}

double Attend(int length, int dim, int m) {
  const Tokens q = Draw(length, dim, 1), k = Draw(length, dim, 2),
               v = Draw(length, dim, 3);
  LinearAttentionOptions options;
  options.scale = 1 / std::sqrt(static_cast<float>(dim));
  LinearAttention attention(Make(absl::StrCat("positive { m: ", m, " }"), dim),
                            options);
  Tokens out;
  return Time([&] { CHECK(attention.Attend(q, k, v, &out).ok()); });
}

// Slope of log time against log length.
double Growth(const std::vector<double>& lengths,
              const std::vector<double>& seconds) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const auto n = static_cast<double>(lengths.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    const double a = std::log(lengths[i]), b = std::log(seconds[i]);
    x += a;
    y += b;
    xx += a * a;
    xy += a * b;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

void Tables() {
  constexpr int kDim = 4;
  std::printf(
      "column sums of 9,216 tokens of %d numbers, m = 16\n\n"
      "| | ms | exact / it |\n|---|---|---|\n",
      kDim);
  const Tokens q = Draw(9216, kDim, 1) * 0.5f, k = Draw(9216, kDim, 2) * 0.5f;
  Eigen::VectorXf sums;
  const double exact = Time([&] { ExactAttention(1).ColumnSums(q, k, &sums); });
  std::printf("| exact, tiled | %.1f | 1 |\n", 1e3 * exact);
  for (const char* const kind :
       {"positive { m: 16 }", "hyperbolic { m: 16 }", "trigonometric { m: 16 }",
        "generalized { m: 16 }", "angular_hybrid { m: 16 n: 8 }"}) {
    LinearAttention attention(Make(kind, kDim), {});
    const double seconds =
        Time([&] { CHECK(attention.ColumnSums(q, k, &sums).ok()); });
    std::printf("| %s | %.2f | %.0f |\n", kind, 1e3 * seconds, exact / seconds);
  }

  std::printf(
      "\nattention over L tokens of %d numbers, m = 16 positive "
      "features\n\n| L | exact, ms | linear, ms |\n|---|---|---|\n",
      kDim);
  std::vector<double> lengths, exact_s, long_lengths, linear_s;
  for (int length = 64; length <= 131072; length *= 2) {
    const Tokens a = Draw(length, kDim, 1) * 0.5f,
                 b = Draw(length, kDim, 2) * 0.5f, v = Draw(length, kDim, 3);
    LinearAttention attention(Make("positive { m: 16 }", kDim), {});
    Tokens out;
    const double linear =
        Time([&] { CHECK(attention.Attend(a, b, v, &out).ok()); });
    double whole = 0;
    if (length <= 32768) {
      whole = Time([&] { ExactAttention(1).Attend(a, b, v, false, &out); });
    }
    if (length >= 1024) {
      long_lengths.push_back(length);
      linear_s.push_back(linear);
      if (whole > 0) {
        lengths.push_back(length);
        exact_s.push_back(whole);
      }
    }
    std::printf("| %d | %s | %.3f |\n", length,
                whole > 0 ? absl::StrCat(1e3 * whole).c_str() : "",
                1e3 * linear);
    std::fflush(stdout);
  }
  std::printf(
      "\ntime grows as L^%.2f (exact), L^%.2f (linear), from 1,024 on\n",
      Growth(lengths, exact_s), Growth(long_lengths, linear_s));
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  int length = 0, dim = 0, m = 0;
  if (argc == 5 && std::string(argv[1]) == "--attend" &&
      absl::SimpleAtoi(argv[2], &length) && absl::SimpleAtoi(argv[3], &dim) &&
      absl::SimpleAtoi(argv[4], &m)) {
    std::printf("%.9f\n", starling::Attend(length, dim, m));
    return 0;
  }
  starling::Tables();
  return 0;
}
