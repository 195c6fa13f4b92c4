// Linear attention of numbers that come from elsewhere, for attention tests
// beside other programs.
//
// Usage: attention_values FEATURES L DIM SCALE CENTER
//   FEATURES: a v1::FeatureConfig, as "positive { m: 64 }"; CENTER: 0 or 1
// In: queries, keys and values, L x DIM floats each. Out: L x DIM floats.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "base/log.h"
#include "base/text_proto.h"
#include "policies/attention/linear_attention.h"

namespace starling {
namespace {

TokenMatrix<float> Read(int rows, int columns) {
  TokenMatrix<float> tokens(rows, columns);
  const auto size = static_cast<size_t>(tokens.size());
  CHECK_EQ(std::fread(tokens.data(), sizeof(float), size, stdin), size)
      << "too few numbers";
  return tokens;
}

void Run(const std::string& features, int length, int dim,
         const LinearAttentionOptions& options) {
  v1::FeatureConfig config;
  CHECK(ParseTextProto(features, "features", &config).ok()) << features;
  auto map = MakeFeatures(config, dim);
  CHECK(map.ok()) << map.status();
  const TokenMatrix<float> q = Read(length, dim), k = Read(length, dim),
                           v = Read(length, dim);
  LinearAttention attention(*std::move(map), options);
  TokenMatrix<float> out;
  const absl::Status status = attention.Attend(q, k, v, &out);
  CHECK(status.ok()) << status;
  const auto size = static_cast<size_t>(out.size());
  CHECK_EQ(std::fwrite(out.data(), sizeof(float), size, stdout), size);
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  int length = 0, dim = 0;
  starling::LinearAttentionOptions options;
  if (argc != 6 || !absl::SimpleAtoi(argv[2], &length) ||
      !absl::SimpleAtoi(argv[3], &dim) ||
      !absl::SimpleAtof(argv[4], &options.scale)) {
    std::fprintf(stderr,
                 "usage: attention_values FEATURES L DIM SCALE CENTER\n");
    return 2;
  }
  options.center_keys = std::string(argv[5]) == "1";
  starling::Run(argv[1], length, dim, options);
  return 0;
}
