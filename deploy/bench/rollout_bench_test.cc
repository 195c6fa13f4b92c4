#include "deploy/bench/rollout_bench.h"

#include <string>

#include "base/log.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::EnvConfig ParseEnv(const std::string& text) {
  v1::EnvConfig config;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &config));
  return config;
}

TEST(RolloutBenchTest, RatesAreRatesAndTheRatioIsTheirs) {
  for (const char* const env :
       {"pendulum {}", "half_cheetah {}", "hopper {}", "sphere {}"}) {
    const auto bench = MeasureRollouts(ParseEnv(env), 0.01);
    ASSERT_TRUE(bench.ok()) << bench.status();
    EXPECT_EQ(bench->env + " {}", env);
    EXPECT_GT(bench->steps_per_s, 10) << env;
    EXPECT_LT(bench->bare_steps_per_s, 1e9) << env;
    EXPECT_DOUBLE_EQ(bench->ratio,
                     bench->steps_per_s / bench->bare_steps_per_s);
    // No claim about speed: that machine is shared. But the bare loop does
    // strictly less.
    EXPECT_LT(bench->ratio, 2) << env;
  }
}

TEST(RolloutBenchTest, BadRequestsAreRefused) {
  EXPECT_EQ(MeasureRollouts(ParseEnv("pendulum {}"), 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MeasureRollouts(v1::EnvConfig(), 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace starling
