// Physics that blow up and returns that overflow, in runs of the real program:
// a failed evaluation is counted and reported, never a number.
#include <string>

#include "gmock/gmock.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProcessResult;
using testing::RunProcess;

constexpr int kTrainingFailed = 6;

class DivergenceTest : public RunFixture {
 protected:
  std::string Experiment(const std::string& env, const std::string& sigma) {
    return Write("experiment.textproto",
                 "name: \"divergence\" seed: 5\n"
                 "env { " + env + " }\n"
                 "policy { linear { bias: true } }\n"
                 "strategy { openai_es { num_directions: 8 sigma: " + sigma +
                 " } }\n"
                 "evaluation { every: 1 episodes: 1 fresh_episodes: 0 }\n"
                 "budget { generations: 3 }\n");
  }
  std::string Inspect(const std::string& run) {
    const ProcessResult result = RunProcess({Starling(), "inspect", run});
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }
};

TEST_F(DivergenceTest, PhysicsThatBlowUpEndTheRunWithTheSeedAndAreNoReturn) {
  // A motor that no engine can integrate.
  const std::string model = Write("wild.xml", R"(<mujoco>
    <worldbody>
      <body>
        <joint name="slider" type="slide" axis="1 0 0"/>
        <geom type="sphere" size="0.1"/>
        <body>
          <joint type="hinge" axis="0 1 0"/>
          <geom type="capsule" fromto="0 0 0 0 0 0.6" size="0.05"/>
        </body>
      </body>
    </worldbody>
    <actuator>
      <motor joint="slider" gear="1e14" ctrllimited="true" ctrlrange="-3 3"/>
    </actuator>
  </mujoco>)");
  const std::string experiment = Experiment(
      "inverted_pendulum { xml_file: \"" + model + "\" }", "0.1");

  const ProcessResult result =
      Train(experiment, Path("run"), {"--workers", "1"});

  EXPECT_EQ(result.status, kTrainingFailed) << result.err;
  EXPECT_THAT(result.err, HasSubstr("generation 0: 8 of 8 antithetic pairs"));
  EXPECT_THAT(result.err, HasSubstr("DIVERGED, episode 1 of 1, step 1: the "
                                    "environment's physics diverged"));
  EXPECT_THAT(result.err, HasSubstr("direction 0, sign 1, seed "));
  EXPECT_THAT(result.err, HasSubstr("need a smaller strategy sigma"));
  // What there was before is still there.
  EXPECT_THAT(Inspect(Path("run")), HasSubstr("generation 0 of 3"));
}

TEST_F(DivergenceTest, FailedEvaluationsLeaveTheUpdateAndAreCounted) {
  // So wide a search that some actions, and only they, are beyond a float.
  const std::string experiment = Experiment("sphere { dimension: 2 }", "2e38");

  const ProcessResult one = Train(experiment, Path("one"), {"--workers", "1"});
  const ProcessResult two = Train(experiment, Path("two"), {"--workers", "2"});

  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_THAT(one.err, HasSubstr("failed units 6"));
  EXPECT_THAT(Inspect(Path("one")),
              HasSubstr("6 evaluations failed and 3 pairs were left out"));
  // 3 generations of 16 training episodes of one step each, less 6.
  EXPECT_THAT(Inspect(Path("one")), HasSubstr("42 environment steps"));
  EXPECT_THAT(one.err + Inspect(Path("one")), Not(HasSubstr("nan")));
  ASSERT_EQ(two.status, 0) << two.err;
  EXPECT_EQ(Signature(Path("two")), Signature(Path("one")));
}

TEST_F(DivergenceTest, ReturnsTooLargeToCalculateWithEndTheRun) {
  // Fourth powers of 10^30: finite, but beyond all use.
  const std::string experiment =
      Experiment("rosenbrock { dimension: 2 }", "1e30");

  const ProcessResult result =
      Train(experiment, Path("run"), {"--workers", "1"});

  EXPECT_EQ(result.status, kTrainingFailed) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("the return is not a number within +-1e+100"));
}

}  // namespace
}  // namespace starling
