// Exports close the loop: a simulated robot is driven by what would run on it,
// and fares as `starling eval` says, seed for seed.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "envs/env.h"
#include "policies/portable/portable_policy.h"
#include "policies/portable/strlp.h"
#include "tests/integration/run_fixture.h"
#include "tests/testing/board/board.h"

namespace starling {
namespace {

using testing::Conversation;
using testing::ProcessResult;

constexpr char kExperiment[] = R"(
name: "runner" seed: 3
env { half_cheetah {} max_steps: 300 }
policy { mlp { hidden: 20 hidden: 12 } }
normalizer { enabled: true clip: 5 }
strategy { ars { num_directions: 8 step_size: 0.1 sigma: 0.1 } }
evaluation { every: 20 episodes: 2 fresh_episodes: 0 }
budget { generations: 20 }
)";
constexpr uint64_t kSeed = 5;

// An answer to each state, as 32-bit floats.
constexpr char kMain[] = R"(
#include "runner.h"
#include <stdio.h>
int main(void) {
  float state[RUNNER_STATE_SIZE], action[RUNNER_ACTION_SIZE];
  while (fread(state, sizeof(state), 1, stdin) == 1) {
    runner_act(state, action);
    if (fwrite(action, sizeof(action), 1, stdout) != 1) return 1;
    fflush(stdout);
  }
  return 0;
}
)";

class ExportedLoopTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    run_ = Path("run");
    const ProcessResult train =
        Train(Write("runner.textproto", kExperiment), run_);
    ASSERT_EQ(train.status, 0) << train.err;
  }

  // Its folder.
  std::string Export(const std::string& format, const std::string& quantize) {
    const std::string out = Path(format + "_" + quantize);
    const ProcessResult result = testing::RunProcess(
        {Starling(), "export", run_, "--format", format, "--quantize", quantize,
         "--episodes", "2", "--out", out});
    EXPECT_EQ(result.status, 0) << result.err;
    return out;
  }

  // What `starling eval` says of one episode.
  static double Return(const std::string& policy) {
    const ProcessResult eval =
        testing::RunProcess({Starling(), "eval", policy, "--episodes", "1",
                             "--seed", absl::StrCat(kSeed), "--json"});
    EXPECT_EQ(eval.status, 0) << eval.err;
    const std::string key = "\"returns\":[";
    const size_t at = eval.out.find(key);
    double value = std::nan("");
    EXPECT_NE(at, std::string::npos) << eval.out;
    EXPECT_TRUE(absl::SimpleAtod(
        eval.out.substr(at + key.size(),
                        eval.out.find(']', at) - at - key.size()),
        &value))
        << eval.out;
    return value;
  }

  // The return of the same episode with somebody else's actions, and how far
  // they were from those of `reference` in the same states.
  struct Episode {
    double total = 0;
    float worst_error = 0;
  };
  static Episode Play(Conversation* robot, const std::string& reference) {
    const auto model = ReadStrlp(reference);
    EXPECT_TRUE(model.ok()) << model.status();
    auto policy = *PortablePolicy::Create(*model);
    const auto env = *EnvRegistry::Make(model->provenance().env());
    Eigen::VectorXf action(policy.action_size()), expected(action.size());
    env->Reset(Rng(DeriveSeed(DeriveSeed(kSeed, Stream::kEvaluation, 0, 2, 0),
                              Stream::kEnv, 0, 0, 0)));
    Episode episode;
    Outcome outcome = Outcome::kRunning;
    while (outcome == Outcome::kRunning) {
      const Eigen::VectorXf state = env->observation().state;
      if (!robot->Write(state.data(), 4 * state.size()) ||
          !robot->Read(action.data(), 4 * action.size())) {
        ADD_FAILURE() << "no answer";
        return episode;
      }
      policy.Act(state, expected);
      episode.worst_error = std::max(episode.worst_error,
                                     (action - expected).cwiseAbs().maxCoeff());
      const StepResult result = env->Step(action);
      episode.total += result.reward;
      outcome = result.outcome;
    }
    EXPECT_EQ(outcome, Outcome::kTruncated);
    EXPECT_EQ(robot->Close(), 0);
    return episode;
  }

  std::string run_;
};

TEST_F(ExportedLoopTest, CompiledForThisMachine) {
  const std::string reference = Export("strlp", "none") + "/runner.strlp";
  const std::string folder = Export("c", "none");
  std::ofstream(folder + "/main.c") << kMain;
  for (const char* const compiler : {"gcc", "clang"}) {
    SCOPED_TRACE(compiler);
    const ProcessResult compiled = testing::RunProcess(
        {absl::StrCat("/usr/bin/", compiler), "-std=c99", "-O2", "-Wall",
         "-Wextra", "-Wpedantic", "-Werror", "-ffp-contract=off", "runner.c",
         "main.c", "-o", "robot"},
        folder);
    ASSERT_EQ(compiled.status, 0) << compiled.err;
    Conversation robot({folder + "/robot"});
    const Episode episode = Play(&robot, reference);
    EXPECT_EQ(episode.worst_error, 0);
    EXPECT_EQ(episode.total, Return(run_));
  }
}

TEST_F(ExportedLoopTest, OnAMicrocontroller) {
  for (const char* const quantize : {"none", "int8"}) {
    SCOPED_TRACE(quantize);
    const std::string reference = Export("strlp", quantize) + "/runner.strlp";
    const std::string folder = Export("c", quantize);
    Conversation robot(
        testing::BoardCommand(testing::CortexM4(), "runner", folder, 17, 6));
    const Episode episode = Play(&robot, reference);
    EXPECT_EQ(episode.worst_error, 0);
    EXPECT_EQ(episode.total, Return(reference));
  }
}

// In a robot without contacts, where rounding does not grow to other steps.
TEST_F(ExportedLoopTest, InOnnxRuntime) {
  run_ = Path("swimmer");
  const ProcessResult train =
      Train(Path("runner.textproto"), run_, {"--set", "env.swimmer={}"});
  ASSERT_EQ(train.status, 0) << train.err;
  for (const char* const quantize : {"none", "fp16", "int8"}) {
    SCOPED_TRACE(quantize);
    const std::string reference = Export("strlp", quantize) + "/runner.strlp";
    Conversation robot({"/usr/bin/python3", "-B",
                        testing::DataPath("tests/peers/onnxruntime_act.py"),
                        Export("onnx", quantize) + "/runner.onnx"});
    const Episode episode = Play(&robot, reference);
    EXPECT_LE(episode.worst_error, 1e-5);
    EXPECT_NEAR(episode.total, Return(reference), 1e-3);
  }
}

}  // namespace
}  // namespace starling
