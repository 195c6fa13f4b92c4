#include "aggregator/result_check.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "base/moments.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::EnvSpec Spec() {
  v1::EnvSpec spec;
  spec.set_state_size(3);
  spec.set_max_steps(100);
  return spec;
}

v1::WorkUnit Unit() {
  v1::WorkUnit unit;
  unit.set_generation(4);
  unit.set_index(7);
  unit.set_direction(3);
  unit.set_sign(-1);
  unit.set_episodes(2);
  unit.set_keep_moments(true);
  return unit;
}

v1::RolloutResult Answer() {
  v1::RolloutResult result;
  result.set_generation(4);
  result.set_index(7);
  result.add_returns(-1.5);
  result.add_returns(2);
  result.add_lengths(1);
  result.add_lengths(100);
  Moments moments(3);
  for (int i = 0; i < 101; ++i) moments.Add(Eigen::Vector3f(1, -2, 0.5f));
  *result.mutable_observations() = moments.ToProto();
  result.set_perturbation_check(99);
  return result;
}

v1::RolloutResult Failure() {
  v1::RolloutResult result;
  result.set_generation(4);
  result.set_index(7);
  result.set_status(v1::RolloutResult::CRASHED);
  result.set_detail("signal 11");
  return result;
}

TEST(CheckResultTest, AProperAnswerPasses) {
  EXPECT_TRUE(CheckResult(Unit(), Answer(), Spec()).ok());
}

TEST(CheckResultTest, AProperFailurePasses) {
  EXPECT_TRUE(CheckResult(Unit(), Failure(), Spec()).ok());
}

TEST(CheckResultTest, TheCentreHasNoPerturbationAndKeepsNoMoments) {
  v1::WorkUnit unit = Unit();
  unit.set_sign(0);
  unit.set_keep_moments(false);
  v1::RolloutResult result = Answer();
  result.clear_observations();

  EXPECT_FALSE(CheckResult(unit, result, Spec()).ok());
  result.set_perturbation_check(0);
  EXPECT_TRUE(CheckResult(unit, result, Spec()).ok());
}

// A change that turns a proper answer into one to refuse, and what the error
// must name.
struct Forgery {
  std::string name;
  std::string word;
  std::function<void(v1::RolloutResult*)> forge;
};

class ForgedResultTest : public testing::TestWithParam<Forgery> {};

TEST_P(ForgedResultTest, IsRefusedWithTheReason) {
  v1::RolloutResult result = Answer();
  GetParam().forge(&result);

  const absl::Status status = CheckResult(Unit(), result, Spec());

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find(GetParam().word), absl::string_view::npos)
      << status;
}

using Result = v1::RolloutResult;

INSTANTIATE_TEST_SUITE_P(
    Answers, ForgedResultTest,
    testing::Values(
        Forgery{"Generation", "generation",
                [](Result* r) { r->set_generation(5); }},
        Forgery{"Index", "unit 8", [](Result* r) { r->set_index(8); }},
        Forgery{"Status", "status",
                [](Result* r) { r->set_status(Result::Status(17)); }},
        Forgery{"Detail", "detail",
                [](Result* r) { r->set_detail(std::string(257, 'x')); }},
        Forgery{"TooFewReturns", "returns",
                [](Result* r) { r->mutable_returns()->RemoveLast(); }},
        Forgery{"TooManyLengths", "lengths",
                [](Result* r) { r->add_lengths(1); }},
        Forgery{"ReturnIsNaN", "returns[1]",
                [](Result* r) { r->set_returns(1, NAN); }},
        Forgery{"ReturnIsInfinite", "returns[0]",
                [](Result* r) { r->set_returns(0, -HUGE_VAL); }},
        Forgery{"ReturnIsAbsurd", "returns[0]",
                [](Result* r) { r->set_returns(0, 1e101); }},
        Forgery{"EmptyEpisode", "lengths[0]",
                [](Result* r) { r->set_lengths(0, 0); }},
        Forgery{"EpisodeTooLong", "lengths[1]",
                [](Result* r) { r->set_lengths(1, 101); }},
        Forgery{"NoMoments", "observations",
                [](Result* r) { r->clear_observations(); }},
        Forgery{"MomentsCount", "observations.count",
                [](Result* r) { r->mutable_observations()->set_count(100); }},
        Forgery{"MomentsSize", "observations",
                [](Result* r) {
                  r->mutable_observations()->add_sum_low(0);
                  r->mutable_observations()->add_sum_high(0);
                  r->mutable_observations()->add_square_low(0);
                  r->mutable_observations()->add_square_high(0);
                }},
        Forgery{"MomentsSum", "observations",
                [](Result* r) {
                  r->mutable_observations()->set_square_high(
                      0, std::numeric_limits<uint64_t>::max());
                }},
        Forgery{"NoPerturbationCheck", "perturbation_check",
                [](Result* r) { r->set_perturbation_check(0); }},
        Forgery{"FailureWithNumbers", "DIVERGED",
                [](Result* r) { r->set_status(Result::DIVERGED); }}),
    [](const auto& info) { return info.param.name; });

TEST(CheckResultTest, MomentsThatNobodyAskedForAreRefused) {
  v1::WorkUnit unit = Unit();
  unit.set_keep_moments(false);

  EXPECT_FALSE(CheckResult(unit, Answer(), Spec()).ok());
}

}  // namespace
}  // namespace starling
