// Prints what attention gives, bit for bit: to be compared between programs for
// different targets.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/linalg.h"
#include "base/log.h"
#include "base/math.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "policies/attention/linear_attention.h"

namespace starling {
namespace {

using Tokens = TokenMatrix<float>;

Tokens Draw(int rows, int columns, float scale, uint64_t seed) {
  Rng rng(seed);
  Tokens tokens(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      tokens(i, j) = scale * static_cast<float>(rng.Normal());
    }
  }
  return tokens;
}

// FNV's hash of the numbers' bits.
void Print(const std::string& name, const float* x, int64_t n) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, x + i, sizeof(bits));
    hash = (hash ^ bits) * 0x100000001b3;
  }
  std::printf("%s %016llx %.9g\n", name.c_str(),
              static_cast<unsigned long long>(hash),
              n > 0 ? double{x[n / 2]} : 0);
}

void PrintFunctions() {
  std::vector<float> x, y, z;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 40009) {
    const auto low = static_cast<uint32_t>(bits);
    float number;
    std::memcpy(&number, &low, sizeof(number));
    x.push_back(number);
  }
  y.resize(x.size());
  z.resize(x.size());
  const auto n = static_cast<int64_t>(x.size());
  Exp(x.data(), n, y.data());
  Print("exp", y.data(), n);
  SinCos(x.data(), n, y.data(), z.data());
  Print("sin", y.data(), n);
  Print("cos", z.data(), n);
  Tanh(x.data(), n, y.data());
  Print("tanh", y.data(), n);
}

void PrintAttention(const std::string& kind) {
  constexpr int kDim = 6;
  v1::FeatureConfig config;
  CHECK(ParseTextProto(kind, "features", &config).ok());
  const auto map = MakeFeatures(config, kDim);
  CHECK(map.ok()) << map.status();
  const Tokens q = Draw(300, kDim, 0.4f, 1), k = Draw(300, kDim, 0.5f, 2);
  const Tokens v = Draw(300, 11, 1, 3);
  Features<float> features;
  (*map)->Map(Side::kKey, k.data(), 100, &features);
  Print(absl::StrCat(kind, " features"), features.base.data(),
        100 * (*map)->base_size());
  if (features.weights.size() > 0) {
    Print(absl::StrCat(kind, " weights"), features.weights.data(),
          100 * features.weights.cols());
  }
  LinearAttention attention(*map, {});
  Tokens out;
  Eigen::VectorXf sums;
  CHECK(attention.Attend(q, k, v, &out).ok());
  Print(absl::StrCat(kind, " attention"), out.data(), out.size());
  CHECK(attention.AttendCausally(q, k, v, &out).ok());
  Print(absl::StrCat(kind, " causal attention"), out.data(), out.size());
  CHECK(attention.ColumnSums(q, k, &sums).ok());
  Print(absl::StrCat(kind, " column sums"), sums.data(), sums.size());
}

void PrintAll() {
  PrintFunctions();
  for (const char* const kind :
       {"trigonometric { m: 19 }", "positive { m: 24 }",
        "positive { m: 24 projections { length: SQRT_D orthogonal: false } }",
        "hyperbolic { m: 21 }", "generalized { m: 24 }",
        "generalized { m: 24 function: GELU }",
        "angular_hybrid { m: 12 n: 5 }",
        "gaussian_hybrid { m: 12 n: 5 tau: 1.5 }",
        "complex_exponential { m: 24 squares: 2 squares: -0.5 squares: 1 "
        "squares: -1 squares: 3 squares: 0.2 }",
        "clustered_hybrid { m: 9 queries { values: [1,.5,.4,.7,-.5,.6] } "
        "queries { values: [.3,1,-1,.5,.5,-.4] } "
        "keys { values: [.5,1,.3,-.3,.4,.4] } }"}) {
    PrintAttention(kind);
  }
  const Tokens q = Draw(150, 6, 0.4f, 1), k = Draw(600, 6, 0.5f, 2);
  const Tokens v = Draw(600, 11, 1, 3);
  Tokens out;
  Eigen::VectorXf sums;
  ExactAttention exact(0.5f);
  exact.Attend(q, k, v, false, &out);
  Print("exact attention", out.data(), out.size());
  exact.Attend(k, k, v, true, &out);
  Print("exact causal attention", out.data(), out.size());
  exact.ColumnSums(q, k, &sums);
  Print("exact column sums", sums.data(), sums.size());
}

}  // namespace
}  // namespace starling

int main() {
  starling::PrintAll();
  return 0;
}
