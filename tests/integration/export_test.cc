// A policy leaves its run for a robot, through the real program.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using testing::ProcessResult;

constexpr char kExperiment[] = R"(
name: "swing-up" seed: 3
env { pendulum {} max_steps: 50 }
policy { mlp { hidden: 8 hidden: 8 } action { squash: TANH } }
strategy { ars { num_directions: 4 } }
evaluation { every: 2 episodes: 2 fresh_episodes: 0 }
budget { generations: 4 }
)";

// A contract, a schema: the one is valid, and is not once it lacks something or
// has something more.
constexpr char kCheckContract[] = R"(
import copy, json, sys
import jsonschema
contract, schema = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.validate(contract, schema)
def refused(change):
    other = copy.deepcopy(contract)
    change(other)
    try:
        jsonschema.validate(other, schema)
    except jsonschema.ValidationError:
        return True
for change in (
    lambda c: c["contract"].pop("actions"),
    lambda c: c["contract"]["observations"][0].pop("unit"),
    lambda c: c["contract"].update(rate=50),
    lambda c: c.update(observation_shape="3"),
    lambda c: c["provenance"].update(quantization="int4"),
):
    assert refused(change)
assert contract["observation_shape"] == [3] and contract["action_shape"] == [1]
)";

class ExportTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    run_ = Path("run");
    const ProcessResult train =
        Train(Write("swing_up.textproto", kExperiment), run_);
    ASSERT_EQ(train.status, 0) << train.err;
  }

  ProcessResult Export(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {Starling(), "export", run_, "--episodes",
                                      "4"};
    words.insert(words.end(), more.begin(), more.end());
    return testing::RunProcess(words);
  }
  static std::string Eval(const std::string& policy) {
    const ProcessResult eval = testing::RunProcess(
        {Starling(), "eval", policy, "--episodes", "3", "--json"});
    EXPECT_EQ(eval.status, 0) << eval.err;
    return eval.out;
  }
  static double Number(const std::string& json, const std::string& key) {
    const size_t at = json.find(absl::StrCat("\"", key, "\":"));
    double value = std::nan("");
    if (at == std::string::npos) return value;
    const size_t begin = at + key.size() + 3;
    EXPECT_TRUE(absl::SimpleAtod(
        json.substr(begin, json.find_first_of(",}", begin) - begin), &value))
        << json;
    return value;
  }
  static bool Exists(const std::string& path) {
    return std::filesystem::exists(path);
  }

  std::string run_;
};

TEST_F(ExportTest, AFileActsAsTheRunDoes) {
  const std::string out = Path("strlp");
  const ProcessResult result =
      Export({"--format", "strlp", "--out", out, "--max_return_loss", "0"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Number(result.out, "max_abs_error"), 0);
  EXPECT_EQ(Number(result.out, "return_before"),
            Number(result.out, "return_after"));
  EXPECT_EQ(Number(result.out, "parameters"), 3 * 8 + 8 + 8 * 8 + 8 + 8 + 1);
  const std::string file = out + "/swing_up.strlp";
  EXPECT_EQ(Number(result.out, "bytes"), std::filesystem::file_size(file));
  for (const char* const name : {"golden.bin", "report.json"}) {
    EXPECT_TRUE(Exists(absl::StrCat(out, "/", name))) << name;
  }
  std::stringstream contract;
  contract << std::ifstream(out + "/policy_contract.json").rdbuf();
  for (const char* const part :
       {"angle/velocity", "rad/s", "torque", "N m", "control_period_s"}) {
    EXPECT_TRUE(absl::StrContains(contract.str(), part)) << contract.str();
  }
  // The contract keeps to the schema beside it, which is strict.
  const ProcessResult checked = testing::RunProcess(
      {"/usr/bin/python3", "-c", kCheckContract, out + "/policy_contract.json",
       out + "/policy_contract.schema.json"});
  EXPECT_EQ(checked.status, 0) << checked.err;
  EXPECT_EQ(Eval(file), Eval(run_));

  // It knows where it comes from, and can be exported again.
  const ProcessResult best = testing::RunProcess(
      {Starling(), "inspect", run_, "--signature", "--checkpoint", "best"});
  EXPECT_EQ(
      testing::RunProcess({Starling(), "inspect", file, "--signature"}).out,
      best.out);
  const ProcessResult inspect =
      testing::RunProcess({Starling(), "inspect", file});
  for (const char* const part :
       {"from swing-up, seed 3", "pendulum: observes 3 numbers, acts with 1",
        "8 x tanh of 24 products", "quantisation none"}) {
    EXPECT_TRUE(absl::StrContains(inspect.out, part)) << inspect.out;
  }
  const ProcessResult again =
      testing::RunProcess({Starling(), "export", file, "--format", "c",
                           "--episodes", "4", "--out", Path("again")});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(Number(again.out, "return_after"),
            Number(result.out, "return_after"));
}

TEST_F(ExportTest, APolicyThatIsNotNormalisedIsExportedToo) {
  const std::string run = Path("plain");
  ASSERT_EQ(Train(Path("swing_up.textproto"), run,
                  {"--set", "normalizer.enabled=false", "--set",
                   "budget.generations=1"})
                .status,
            0);
  const std::string out = Path("plain_strlp");
  const ProcessResult result =
      testing::RunProcess({Starling(), "export", run, "--format", "strlp",
                           "--episodes", "2", "--out", out});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Eval(out + "/swing_up.strlp"), Eval(run));
}

TEST_F(ExportTest, CIsWrittenInAnyPrecision) {
  for (const std::string quantize : {"none", "fp16", "int8"}) {
    const std::string out = Path("c_" + quantize);
    const ProcessResult result =
        Export({"--format", "c", "--quantize", quantize, "--out", out, "--name",
                "leg"});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(Exists(out + "/leg.h"));
    EXPECT_TRUE(Exists(out + "/leg.c"));
    const double error = Number(result.out, "max_abs_error");
    if (quantize == "none") {
      EXPECT_EQ(error, 0);
    } else {
      EXPECT_GT(error, 0);
      EXPECT_LT(error, quantize == "fp16" ? 0.02 : 0.5);
    }
  }
}

TEST_F(ExportTest, OnnxIsWrittenInAnyPrecision) {
  for (const std::string quantize : {"none", "fp16", "int8"}) {
    const std::string out = Path("onnx_" + quantize);
    const ProcessResult result =
        Export({"--format", "onnx", "--quantize", quantize, "--out", out});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(Number(result.out, "bytes"),
              std::filesystem::file_size(out + "/swing_up.onnx"));
    EXPECT_EQ(Number(result.out, "max_abs_error") == 0, quantize == "none");
  }
}

TEST_F(ExportTest, WhatCannotBeKeptIsNotWritten) {
  const std::string out = Path("out");
  // No C compiler.
  setenv("CC", "no-such-compiler", 1);
  ProcessResult result = Export({"--format", "c", "--out", out});
  EXPECT_NE(result.status, 0);
  EXPECT_TRUE(absl::StrContains(result.err, "no C compiler")) << result.err;
  EXPECT_FALSE(Exists(out));
  // One whose programs answer nothing.
  setenv("CC",
         Write("cc.sh",
               "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; "
               "done; cp /bin/true \"$2\"\n")
             .c_str(),
         1);
  std::filesystem::permissions(Path("cc.sh"),
                               std::filesystem::perms::owner_all);
  result = Export({"--format", "c", "--out", out});
  EXPECT_NE(result.status, 0);
  EXPECT_FALSE(Exists(out)) << result.err;
  unsetenv("CC");

  ASSERT_EQ(Export({"--format", "strlp", "--out", out}).status, 0);
  result = Export({"--format", "strlp", "--out", out});
  EXPECT_EQ(result.status, 2);
  EXPECT_TRUE(absl::StrContains(result.err, "not empty")) << result.err;
  EXPECT_TRUE(Exists(out + "/swing_up.strlp"));
}

TEST_F(ExportTest, DamagedFilesAreNamed) {
  const std::string path = Write("bad.strlp", "what is this?");
  const ProcessResult result =
      testing::RunProcess({Starling(), "eval", path, "--episodes", "1"});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, path)) << result.err;
}

}  // namespace
}  // namespace starling
