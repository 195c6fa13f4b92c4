// Sums over observations, as they come from a worker.
#include "base/moments.h"

#include <cmath>

#include "base/file.h"
#include "base/log.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

constexpr int kSize = 3;

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::Moments proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return false;
  }
  const absl::StatusOr<Moments> moments = Moments::FromProto(proto, kSize);
  if (!moments.ok()) return false;

  const absl::StatusOr<Moments> again =
      Moments::FromProto(moments->ToProto(), kSize);
  CHECK(again.ok()) << again.status();
  CHECK_EQ(again->count(), moments->count());
  for (int i = 0; i < kSize; ++i) {
    CHECK(again->sum(i) == moments->sum(i));
    CHECK(again->sum_of_squares(i) == moments->sum_of_squares(i));
    CHECK(std::isfinite(moments->mean(i)));
    CHECK(std::isfinite(moments->variance(i)) && moments->variance(i) >= 0);
  }
  return true;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {""};
  Moments moments(kSize);
  Eigen::VectorXf x(kSize);
  for (int step = 0; step < 20; ++step) {
    x << 0.1f * step, -1000.0f, 1e9f;
    moments.Add(x);
    seeds.push_back(SerializeDeterministically(moments.ToProto()));
  }
  return seeds;
}

}  // namespace starling
