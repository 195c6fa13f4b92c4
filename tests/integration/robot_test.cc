// run_policy, the real program, in front of a simulated robot.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/rng.h"
#include "envs/env.h"
#include "policies/portable/portable_policy.h"
#include "policies/portable/strlp.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using testing::Conversation;
using testing::Process;
using testing::ProcessResult;

constexpr char kExperiment[] = R"(
name: "runner" seed: 3
env { half_cheetah {} max_steps: 300 }
policy { mlp { hidden: 20 } }
normalizer { enabled: true clip: 5 }
strategy { ars { num_directions: 8 step_size: 0.1 sigma: 0.1 } }
evaluation { every: 10 episodes: 2 fresh_episodes: 0 }
budget { generations: 10 }
)";
constexpr uint64_t kSeed = 5;

class RobotTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    const std::string run = Path("run");
    const ProcessResult train =
        Train(Write("runner.textproto", kExperiment), run);
    ASSERT_EQ(train.status, 0) << train.err;
    const ProcessResult exported =
        testing::RunProcess({Starling(), "export", run, "--format", "strlp",
                             "--episodes", "2", "--out", Path("out")});
    ASSERT_EQ(exported.status, 0) << exported.err;
    policy_ = Path("out/runner.strlp");
  }

  static std::string RunPolicy() {
    return testing::DataPath("deploy/robot/run_policy");
  }
  // What it prints of standard input.
  ProcessResult Feed(const std::string& input,
                     const std::vector<std::string>& more) const {
    Write("input", input);
    std::string command = absl::StrCat(RunPolicy(), " ", policy_);
    for (const std::string& word : more) absl::StrAppend(&command, " ", word);
    return testing::RunProcess(
        {"/bin/sh", "-c", absl::StrCat(command, " < ", Path("input"))});
  }
  // A line of so many numbers, all the same.
  static std::string Line(float number, int count = 17) {
    std::string line;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&line, i > 0 ? "," : "", number);
    }
    return line + "\n";
  }
  static double Number(const std::string& json, const std::string& key) {
    const size_t at = json.find(absl::StrCat("\"", key, "\":"));
    double value = -1;
    if (at == std::string::npos) return value;
    const size_t begin = at + key.size() + 3;
    EXPECT_TRUE(absl::SimpleAtod(
        json.substr(begin, json.find_first_of(",}", begin) - begin), &value))
        << json;
    return value;
  }
  // "unix:.." or "udp:..", once it listens.
  static std::string AddressOf(const Process& robot) {
    const std::string key = "listening on ";
    std::string address;
    EXPECT_TRUE(testing::WaitUntil([&] {
      const std::string text = robot.err();
      const size_t at = text.find(key), end = text.find('\n', at);
      if (at == std::string::npos || end == std::string::npos) return false;
      address = text.substr(at + key.size(), end - at - key.size());
      return true;
    })) << robot.err();
    return address;
  }
  static int Connect(const std::string& address) {
    if (absl::StartsWith(address, "unix:")) {
      sockaddr_un to = {};
      to.sun_family = AF_UNIX;
      std::strcpy(to.sun_path, address.c_str() + 5);
      const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
      EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
      return fd;
    }
    sockaddr_in to = {};
    int port = 0;
    EXPECT_TRUE(
        absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    return fd;
  }

  std::string policy_;
};

TEST_F(RobotTest, DrivesTheSimulationBitForBit) {
  const ProcessResult eval =
      testing::RunProcess({Starling(), "eval", policy_, "--episodes", "2",
                           "--seed", absl::StrCat(kSeed), "--json"});
  ASSERT_EQ(eval.status, 0) << eval.err;
  const std::string key = "\"returns\":[";
  const size_t at = eval.out.find(key) + key.size();
  const std::vector<std::string> returns =
      absl::StrSplit(eval.out.substr(at, eval.out.find(']', at) - at), ',');
  ASSERT_EQ(returns.size(), 2u);

  const auto model = *ReadStrlp(policy_);
  const auto env = *EnvRegistry::Make(model.provenance().env());
  for (const std::string& listen : {absl::StrCat("unix:", Path("robot.sock")),
                                    std::string("udp:127.0.0.1:0")}) {
    SCOPED_TRACE(listen);
    const std::string log =
        Path(absl::StartsWith(listen, "unix") ? "unix.csv" : "udp.csv");
    Process robot({RunPolicy(), policy_, "--lockstep", "--wire", "binary",
                   "--listen", listen, "--log", log, "--json"});
    const int fd = Connect(AddressOf(robot));
    auto policy = *PortablePolicy::Create(model);
    Eigen::VectorXf action(6), expected(6);
    std::string told =
        "action_0,action_1,action_2,action_3,action_4,action_5\n";
    for (uint64_t episode = 0; episode < 2; ++episode) {
      env->Reset(
          Rng(DeriveSeed(DeriveSeed(kSeed, Stream::kEvaluation, 0, 2, episode),
                         Stream::kEnv, 0, 0, 0)));
      double total = 0;
      Outcome outcome = Outcome::kRunning;
      while (outcome == Outcome::kRunning) {
        const Eigen::VectorXf state = env->observation().state;
        ASSERT_EQ(send(fd, state.data(), 4 * state.size(), 0),
                  static_cast<ssize_t>(4 * state.size()));
        ASSERT_EQ(recv(fd, action.data(), 24, MSG_WAITALL), 24);
        policy.Act(state, expected);
        ASSERT_EQ(action, expected);
        const StepResult step = env->Step(action);
        total += step.reward;
        outcome = step.outcome;
        for (int i = 0; i < 6; ++i) {
          absl::StrAppendFormat(&told, "%.17g%c", double{action[i]},
                                i < 5 ? ',' : '\n');
        }
      }
      double in_eval = 0;
      ASSERT_TRUE(absl::SimpleAtod(returns[episode], &in_eval));
      EXPECT_EQ(total, in_eval);
    }
    robot.Signal(SIGTERM);
    const ProcessResult ended = robot.Wait();
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(Number(ended.out, "cycles"), 600) << ended.out;
    EXPECT_GT(Number(ended.out, "compute_p99_us"), 0) << ended.out;
    // The safe action comes last.
    ASSERT_EQ(recv(fd, action.data(), 24, MSG_WAITALL), 24);
    EXPECT_EQ(action, Eigen::VectorXf::Zero(6));
    close(fd);

    // What was recorded can be played again.
    const ProcessResult replay = testing::RunProcess(
        {Starling(), "act", policy_, "--observations", log});
    ASSERT_EQ(replay.status, 0) << replay.err;
    EXPECT_EQ(replay.out, told);
  }
}

TEST_F(RobotTest, KeepsItsRateAndWatches) {
  Conversation robot({RunPolicy(), policy_, "--period", "0.02", "--stale_after",
                      "0.1", "--wire", "binary", "--safe_action",
                      "0.5,0,0,0,0,0", "--cycles", "40"});
  Eigen::VectorXf action(6);
  const auto next = [&] {
    EXPECT_TRUE(robot.Read(action.data(), 24));
    return action[0];
  };
  // It acts without being asked.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(), 0.5f);
  const Eigen::VectorXf state = Eigen::VectorXf::Constant(17, 0.1f);
  ASSERT_TRUE(robot.Write(state.data(), 68));
  float answer = 0.5f;
  while (answer == 0.5f) answer = next();
  // Silence: the same answer until the observation is too old.
  int repeated = 1;
  while (next() == answer) ++repeated;
  EXPECT_LE(repeated, 7);
  EXPECT_EQ(action[0], 0.5f);
  EXPECT_EQ(action[1], 0);
  // And back.
  ASSERT_TRUE(robot.Write(state.data(), 68));
  answer = 0.5f;
  while (answer == 0.5f) answer = next();
}

TEST_F(RobotTest, CountsWhatIsWrong) {
  const ProcessResult result = Feed(
      absl::StrCat(Line(0.1f), Line(NAN), "hello\n", Line(1, 3), Line(0.2f)),
      {"--listen", absl::StrCat("unix:", Path("s")), "--help"});
  EXPECT_EQ(result.status, 0);
  for (const char* const part : {"--lockstep", "Examples:", "udp:HOST:PORT"}) {
    EXPECT_TRUE(absl::StrContains(result.out, part)) << result.out;
  }
  const ProcessResult fed =
      Feed(absl::StrCat(Line(0.1f), Line(NAN), Line(1, 3), "1,2,x\n", "x,1,2\n",
                        // The end of the last line is missing.
                        Line(0.2f).substr(0, Line(0.2f).size() - 1)),
           {"--lockstep", "--json"});
  EXPECT_EQ(fed.status, 0) << fed.err;
  EXPECT_EQ(Number(fed.err, "observations"), 3) << fed.err;
  EXPECT_EQ(Number(fed.err, "not_finite"), 1);
  EXPECT_EQ(Number(fed.err, "malformed"), 3);
  EXPECT_TRUE(absl::StrContains(fed.err, "3 numbers; an observation has 17"))
      << fed.err;
  // Three answers and the safe action.
  const std::vector<std::string> lines = absl::StrSplit(fed.out, '\n');
  ASSERT_EQ(lines.size(), 5u) << fed.out;
  EXPECT_EQ(lines[1], "0,0,0,0,0,0");
  EXPECT_EQ(lines[3], "0,0,0,0,0,0");
}

TEST_F(RobotTest, RefusesWithOneClearError) {
  const auto refused = [this](const std::vector<std::string>& words, int status,
                              const std::string& part,
                              const std::string& input = "") {
    const ProcessResult result = Feed(input, words);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_TRUE(absl::StrContains(result.err, part)) << result.err;
  };
  refused({"--lockstep"}, 2, "column 0 is \"speed\"; by the policy's contract",
          "speed,x\n1,2\n");
  refused({"--listen", "udp:0.0.0.0:4000"}, 2, "--insecure_network");
  refused({"--safe_action", "1,2"}, 2, "2 numbers for 6 actions");
  refused({"--safe_action", "9,0,0,0,0,0"}, 2, "is in [-1, 1]");
  refused({"--high", "1,1,1,1,1,x"}, 2, "\"x\" is no number");
  refused({"--lockstep", "--period", "1"}, 2, "no --period");
  refused({"--log", Path("input")}, 2, "exists");
  refused({"--log", "/no/such/folder/f"}, 3, "can't be made");
  refused({"--no_such_flag"}, 2, "no_such_flag");

  const std::string whole = policy_;
  policy_ = Path("missing.strlp");
  refused({}, 5, "missing.strlp");
  std::ifstream file(whole, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  policy_ = Write("cut.strlp", bytes.substr(0, bytes.size() / 2));
  refused({}, 5, "cut.strlp");
  policy_ = Write("foreign.strlp", std::string(1000, 'x'));
  refused({}, 5, "foreign.strlp");
  policy_ = Write("huge.strlp", bytes);
  std::filesystem::resize_file(policy_, uint64_t{kMaxStrlpBytes} + 1);
  refused({}, 5, "huge.strlp");
  refused({}, 5, absl::StrCat(kMaxStrlpBytes));
  v1::ExportedPolicy newer = *ReadStrlp(whole);
  newer.set_format_version(PortablePolicy::kFormatVersion + 1);
  policy_ = Path("newer.strlp");
  ASSERT_TRUE(WriteStrlp(policy_, newer).ok());
  refused({}, 5, "newer.strlp");
  refused({}, 5, "format 2 is newer than this program's 1");
}

// While it was stopped, observations have piled up.
TEST_F(RobotTest, ALateCycleActsOnTheNewestObservation) {
  Process robot({RunPolicy(), policy_, "--period", "0.2", "--stale_after", "60",
                 "--wire", "binary", "--listen", "udp:127.0.0.1:0"});
  const int fd = Connect(AddressOf(robot));
  auto policy = *PortablePolicy::Create(*ReadStrlp(policy_));
  const auto send_state = [&](float x) {
    const Eigen::VectorXf state = Eigen::VectorXf::Constant(17, x);
    ASSERT_EQ(send(fd, state.data(), 68, 0), 68);
  };
  Eigen::VectorXf action(6), expected(6);
  send_state(0);
  ASSERT_EQ(recv(fd, action.data(), 24, 0), 24);
  robot.Signal(SIGSTOP);
  const std::string stat = absl::StrCat("/proc/", robot.pid(), "/stat");
  ASSERT_TRUE(testing::WaitUntil([&stat] {
    std::ifstream file(stat);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return absl::StrContains(text, ") T ");
  }));
  while (recv(fd, action.data(), 24, MSG_DONTWAIT) == 24) {
  }
  for (const float x : {0.1f, 0.2f, 0.3f, 0.4f}) send_state(x);
  const auto begin = std::chrono::steady_clock::now();
  testing::WaitUntil([begin] {
    return std::chrono::steady_clock::now() - begin >
           std::chrono::milliseconds(500);
  });
  robot.Signal(SIGCONT);
  ASSERT_EQ(recv(fd, action.data(), 24, 0), 24);
  policy.Act(Eigen::VectorXf::Constant(17, 0.4f), expected);
  EXPECT_EQ(action, expected);
  close(fd);
  robot.Signal(SIGINT);
  const ProcessResult ended = robot.Wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(absl::StrContains(ended.err, "missed")) << ended.err;
}

// A line that never ends must not hold up the cycle.
TEST_F(RobotTest, ActsThroughAFloodOfNothing) {
  const ProcessResult result = testing::RunProcess(
      {"/bin/sh", "-c",
       absl::StrCat("timeout -s KILL 20 ", RunPolicy(), " ", policy_,
                    " --period 0.01 --cycles 20 --json < /dev/zero")});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Number(result.err, "no_observation"), 20) << result.err;
  EXPECT_EQ(Number(result.err, "malformed"), 1) << result.err;
}

TEST_F(RobotTest, EndsWhenToldWhateverItsInputAndOutput) {
  const std::string fifo = Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDWR);
  for (const std::string& output : {std::string("/dev/null"), fifo}) {
    SCOPED_TRACE(output);
    Process robot(
        {"/bin/sh", "-c",
         absl::StrCat("exec ", RunPolicy(), " ", policy_,
                      " --lockstep --wire binary < /dev/zero > ", output)});
    // Input never ends; the output is as good as full, or takes anything.
    if (output == fifo) {
      const int most = fcntl(reader, F_GETPIPE_SZ);
      ASSERT_TRUE(testing::WaitUntil([&] {
        int size = 0;
        ioctl(reader, FIONREAD, &size);
        return size > most / 8 * 7;
      }));
    } else {
      // It handles the signal.
      ASSERT_TRUE(testing::WaitUntil([&] {
        std::ifstream file(absl::StrCat("/proc/", robot.pid(), "/status"));
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const size_t at = text.find("SigBlk:");
        return at != std::string::npos && text.substr(at + 20, 1) == "4";
      }));
    }
    robot.Signal(SIGTERM);
    const ProcessResult ended = robot.Wait(std::chrono::seconds(20));
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_TRUE(absl::StrContains(ended.err, "actions to")) << ended.err;
  }
  close(reader);
}

TEST_F(RobotTest, EndsWhenNobodyReadsItsActions) {
  const ProcessResult result = testing::RunProcess(
      {"/bin/sh", "-c",
       absl::StrCat("{ timeout -s KILL 20 ", RunPolicy(), " ", policy_,
                    " --lockstep --wire binary < /dev/zero; echo status $? "
                    ">&2; } | head -c 24 > /dev/null")});
  EXPECT_TRUE(absl::StrContains(result.err, "status 3")) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, "can't be written: Broken pipe"))
      << result.err;
}

// A robot has none of these.
TEST(RobotLinkageTest, NeitherGrpcNorMujocoNorOpencv) {
  const ProcessResult result = testing::RunProcess(
      {"/usr/bin/ldd", testing::DataPath("deploy/robot/run_policy")});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(absl::StrContains(result.out, "libc.so")) << result.out;
  for (const char* const library : {"grpc", "mujoco", "opencv", "sqlite"}) {
    EXPECT_FALSE(absl::StrContains(result.out, library)) << result.out;
  }
}

}  // namespace
}  // namespace starling
