// Bad input to the real program: one clear message that says what is wrong,
// where, and how to mend it; the promised exit status; nothing lost.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::WaitUntil;

constexpr char kGood[] = R"(name: "bad_input" seed: 5
env { pendulum {} max_steps: 30 }
policy { mlp { hidden: 8 } }
strategy { openai_es { num_directions: 4 sigma: 0.05 } }
evaluation { every: 2 episodes: 2 fresh_episodes: 1 }
budget { generations: 3 }
)";

class BadInputTest : public RunFixture {
 protected:
  // A file bad.textproto: the valid experiment with one part replaced.
  std::string Bad(const std::string& part, const std::string& replacement) {
    std::string text = kGood;
    const size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return Write("bad.textproto", text.replace(at, part.size(), replacement));
  }
  std::string Good() { return Write("good.textproto", kGood); }

  // The program ends with `status`, no result, and one message with all parts.
  void ExpectRefused(std::vector<std::string> words, int status,
                     const std::vector<std::string>& parts) {
    words.insert(words.begin(), Starling());
    const ProcessResult result = RunProcess(words, folder_);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_EQ(result.out, "");
    const size_t message = result.err.find(": error: ");
    EXPECT_NE(message, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find(": error: ", message + 1), std::string::npos)
        << result.err;
    for (const std::string& part : parts) {
      EXPECT_THAT(result.err, HasSubstr(part));
    }
  }
  // `train` refuses the experiment before it makes a run directory.
  void ExpectBadExperiment(const std::string& path,
                           const std::vector<std::string>& parts) {
    ExpectRefused({"train", path, "--run", "run"}, 2, parts);
    EXPECT_FALSE(std::filesystem::exists(Path("run")));
  }
};

TEST_F(BadInputTest, UnknownNamesComeWithTheirPlaceAndTheNearestName) {
  ExpectBadExperiment(Bad("hidden", "hiden"),
                      {"bad.textproto:3:21: unknown field hiden in Mlp; did "
                       "you mean hidden? Known: hidden, activation, "});
  ExpectBadExperiment(Bad("hidden: 8", "hidden: 8 activation: RELUX"),
                      {"bad.textproto:3:", "unknown value RELUX of activation",
                       "did you mean RELU? Known: TANH, RELU, SIGMOID"});
  ExpectBadExperiment(Bad("pendulum {}", "pendullum {}"),
                      {"bad.textproto:2:", "unknown field pendullum",
                       "did you mean pendulum?", "half_cheetah", "sphere"});
  ExpectBadExperiment(Bad("mlp { hidden: 8 }", "transformer {}"),
                      {"bad.textproto:3:",
                       "unknown field transformer in PolicyConfig. Known: "
                       "linear, mlp"});
}

TEST_F(BadInputTest, MissingPartsNameTheFileAndListWhatThereIs) {
  ExpectBadExperiment(Bad("env { pendulum {} max_steps: 30 }", ""),
                      {"bad.textproto: env", "known: ant, car_racing, cartpole, "});
  ExpectBadExperiment(Bad("policy { mlp { hidden: 8 } }", ""),
                      {"bad.textproto: policy", "linear, mlp"});
}

TEST_F(BadInputTest, EveryViolationIsReportedAtOnce) {
  std::string text = kGood;
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"max_steps: 30", "max_steps: 2000000"},
      {"hidden: 8", "hidden: 8 hidden: 0"},
      {"sigma: 0.05", "sigma: -1"},
      {"episodes: 2", "episodes: 5000"},
      {"budget { generations: 3 }", ""}};
  for (const auto& [part, replacement] : changes) {
    text.replace(text.find(part), part.size(), replacement);
  }

  ExpectBadExperiment(
      Write("bad.textproto", text),
      {"bad.textproto:2:19: env.max_steps must be <= 1000000, got 2000000",
       "bad.textproto:3:26: policy.mlp.hidden[1] must be >= 1 and <= 65536, "
       "got 0",
       "bad.textproto:4:42: strategy.openai_es.sigma must be > 0, got -1",
       "bad.textproto:5:23: evaluation.episodes must be >= 1 and <= 1024, got "
       "5000",
       "bad.textproto: budget must set generations or env_steps"});
}

TEST_F(BadInputTest, WhatIsNoExperimentFileIsRefused) {
  ExpectBadExperiment(folder_, {"cannot read " + folder_, "directory"});
  ExpectBadExperiment(Write("bytes.textproto", "\x7f\x45LF\x02\x01"),
                      {"bytes.textproto:1:1: "});
}

TEST_F(BadInputTest, TheRunOfAnotherExperimentIsLeftAlone) {
  ASSERT_EQ(Train(Good(), Path("run"), {"--workers", "1"}).status, 0);
  const std::string before = Signature(Path("run"));

  ExpectRefused(
      {"train", Good(), "--run", "run", "--set", "seed=6", "--set",
       "env.max_steps=31"},
      2,
      {"run: the run belongs to another experiment (stored -> wanted):\n",
       "\n  seed: 5 -> 6\n  env.max_steps: 30 -> 31\n",
       "another directory with --run"});

  EXPECT_EQ(Signature(Path("run")), before);
}

TEST_F(BadInputTest, ARunThatIsComputedAlreadyIsNotDisturbed) {
  const std::string run = Path("run");
  Process aggregator({Starling(), "aggregator", Good(), "--listen",
                      "unix:" + Path("a.sock"), "--run", run});
  ASSERT_TRUE(WaitUntil([&] {
    return std::filesystem::exists(run + "/endpoint");
  })) << aggregator.err();

  ExpectRefused({"train", Good(), "--run", run, "--workers", "1"}, 3,
                {"run.lock is held by process " +
                     std::to_string(aggregator.pid()) + " on host ",
                 "another directory with --run"});

  Process worker({Starling(), "worker", "--endpoint_file", run + "/endpoint"});
  EXPECT_EQ(aggregator.Wait().status, 0) << aggregator.err();
  EXPECT_EQ(worker.Wait().status, 0) << worker.err();
}

TEST_F(BadInputTest, AWorkerWhoseAggregatorIsNotThereSaysSoAndKeepsTrying) {
  const std::string address = "unix:" + Path("late.sock");
  Process worker({Starling(), "worker", "--connect", address});
  ASSERT_TRUE(WaitUntil([&] {
    return worker.err().find("no answer from the aggregator at " + address) !=
           std::string::npos;
  })) << worker.err();
  EXPECT_THAT(worker.err(), HasSubstr("is the address right"));

  // It was only early.
  Process aggregator({Starling(), "aggregator", Good(), "--listen", address,
                      "--run", Path("run")});

  EXPECT_EQ(aggregator.Wait().status, 0) << aggregator.err();
  EXPECT_EQ(worker.Wait().status, 0) << worker.err();
}

TEST_F(BadInputTest, WhatCanBeNoAddressIsRefused) {
  ExpectRefused({"worker", "--connect", "aggregator"}, 2,
                {"\"aggregator\" is not an address; wanted: unix:PATH or "
                 "HOST:PORT"});
  ExpectRefused({"worker", "--connect", "node7:99999"}, 2, {"node7:99999"});
  ExpectRefused({"worker", "--endpoint_file", Write("endpoint", "adress: 1")},
                2, {"endpoint:1:", "did you mean address?"});
}

TEST_F(BadInputTest, TablesWithOtherColumnsSayWhichAreWanted) {
  Write("two.csv", "0.5,0.5\n");
  ExpectRefused(
      {"trace", "--env", "pendulum", "--seed", "1", "--actions", "two.csv"}, 2,
      {"two.csv:1: expected 1 columns, found 2", "action_0"});

  ASSERT_EQ(Train(Good(), Path("run"), {"--workers", "1"}).status, 0);
  ExpectRefused({"act", "run", "--observations", "two.csv"}, 2,
                {"two.csv:1: expected 3 columns, found 2", "obs_0 .. obs_2"});
  Write("named.csv", "obs_0,obs_1\n1,2\n");
  ExpectRefused({"act", "run", "--observations", "named.csv"}, 2,
                {"named.csv:1: there is no column obs_2 or \"angle/velocity\"",
                 "obs_0 .. obs_2"});
}

TEST_F(BadInputTest, DoctorNamesThePackageOfAMissingGraphicsDriver) {
  const ProcessResult result = RunProcess(
      {"/usr/bin/env", "-u", "DISPLAY", "-u", "WAYLAND_DISPLAY",
       "__EGL_VENDOR_LIBRARY_DIRS=/nonexistent", Starling(), "doctor"});

  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("failed: graphics"));
  const size_t graphics = result.out.find("FAILED graphics");
  ASSERT_NE(graphics, std::string::npos) << result.out;
  EXPECT_THAT(result.out.substr(graphics),
              HasSubstr("to mend it: as root: apt-get install libegl1"));
}

}  // namespace
}  // namespace starling
