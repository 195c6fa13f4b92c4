// Secured runs with the real program: the same bits, and every way of being
// nobody ends in one clear message without disturbing anybody else.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "deploy/certs/authority.h"
#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::WaitUntil;

constexpr char kExperiment[] = R"(name: "tls" seed: 5
env { pendulum {} max_steps: 30 }
policy { mlp { hidden: 8 } }
strategy { openai_es { num_directions: 4 sigma: 0.05 } }
evaluation { every: 2 episodes: 2 fresh_episodes: 1 }
budget { generations: 6 }
)";
// Until somebody stops it.
const std::vector<std::string> kEndless = {"--set",
                                           "budget.generations=100000000"};
constexpr absl::Duration kDay = absl::Hours(24);

std::string Contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class TlsTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    experiment_ = Write("tls.textproto", kExperiment);
    ASSERT_TRUE(CreateAuthority(Path("ca"), absl::Now()).ok());
    Make("server", {{"localhost", "127.0.0.1"}});
    Make("worker", {});
  }

  // A folder made by `authority`, as if at another time.
  void Make(const std::string& name, const Member& member,
            const std::string& authority = "ca",
            absl::Duration later = absl::ZeroDuration()) {
    const absl::Status status = CreateMember(
        Path(authority), member, kDefaultDays, Path(name), absl::Now() + later);
    ASSERT_TRUE(status.ok()) << status;
  }
  // A copy of the worker's folder in which one file is another.
  void MakeWrong(const std::string& name, const std::string& file,
                 const std::string& contents) {
    fs::copy(Path("worker"), Path(name));
    for (const auto& entry : fs::directory_iterator(Path(name))) {
      fs::permissions(entry.path(), fs::perms(0600));
    }
    std::ofstream(Path(name) + "/" + file) << contents;
  }
  // A worker of another authority that trusts this one, too: what it does not
  // see in its own files.
  void MakeStranger(const std::string& name) {
    if (!fs::exists(Path("other"))) {
      ASSERT_TRUE(CreateAuthority(Path("other"), absl::Now()).ok());
    }
    Make(name, {}, "other");
    fs::copy(Path("worker/worker.token"), Path(name),
             fs::copy_options::overwrite_existing);
    std::ofstream(Path(name) + "/ca.crt", std::ios::app)
        << Contents(Path("ca/ca.crt"));
  }
  // Puts `from`'s certificate and key into `to`, as a person would.
  void Replace(const std::string& from, const std::string& to) {
    for (const char* file : {"/member.key", "/member.crt"}) {
      fs::rename(Path(from) + file, Path(to) + file);
    }
  }

  // An aggregator that listens; `tls` is its folder's name.
  std::unique_ptr<Process> Serve(const std::string& run, const std::string& tls,
                                 std::vector<std::string> more = {}) {
    std::vector<std::string> words = {Starling(),    "aggregator", experiment_,
                                      "--run",       Path(run),    "--listen",
                                      "127.0.0.1:0", "--progress", "plain"};
    if (!tls.empty()) more.insert(more.end(), {"--tls", Path(tls)});
    words.insert(words.end(), more.begin(), more.end());
    auto process = std::make_unique<Process>(words);
    EXPECT_TRUE(WaitUntil([&] { return fs::exists(Path(run) + "/endpoint"); }))
        << process->err();
    return process;
  }
  std::string Address(const std::string& run) const {
    const std::string text = Contents(Path(run) + "/endpoint");
    const size_t start = text.find('"') + 1;
    return text.substr(start, text.find('"', start) - start);
  }
  // A worker's command; `to` is an address.
  std::vector<std::string> WorkerCommand(const std::string& to,
                                         const std::string& tls) const {
    std::vector<std::string> words = {Starling(), "worker", "--connect", to};
    if (!tls.empty()) words.insert(words.end(), {"--tls", Path(tls)});
    return words;
  }
  std::unique_ptr<Process> Work(const std::string& to, const std::string& tls) {
    return std::make_unique<Process>(WorkerCommand(to, tls));
  }
  // The command ends at once with this status and a message of all parts.
  static void ExpectRefused(const std::vector<std::string>& words, int status,
                            const std::vector<std::string>& parts) {
    const ProcessResult result = RunProcess(words);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(": error: "));
    for (const std::string& part : parts) {
      EXPECT_THAT(result.err, HasSubstr(part));
    }
  }
  static bool Says(const Process& process, const std::string& text) {
    return process.err().find(text) != std::string::npos;
  }
  // Lines of progress so far.
  static size_t Progress(const Process& aggregator) {
    const std::string log = aggregator.err();
    return std::count(log.begin(), log.end(), '\n');
  }
  std::string PlainSignature() {
    EXPECT_EQ(Train(experiment_, Path("plain"), {"--workers", "1"}).status, 0);
    return Signature(Path("plain"));
  }

  std::string experiment_;
};

TEST_F(TlsTest, SecuredRunHasTheSameBits) {
  const auto aggregator = Serve("run", "server");
  const std::string endpoint = Path("run/endpoint");
  Process worker({Starling(), "worker", "--endpoint_file", endpoint, "--tls",
                  Path("worker"), "--slots", "2"});

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  EXPECT_EQ(worker.Wait().status, 0) << worker.err();
  EXPECT_EQ(Signature(Path("run")), PlainSignature());
}

TEST_F(TlsTest, AddressesOfTheNetworkNeedIt) {
  const std::vector<std::string> open = {Starling(), "aggregator", experiment_,
                                         "--run",    Path("run"),  "--listen",
                                         "0.0.0.0:0"};
  ExpectRefused(
      open, 2,
      {"0.0.0.0:0", "--tls", "starling certs server", "--insecure_network"});

  Process secured([&] {
    std::vector<std::string> words = open;
    words.insert(words.end(), {"--tls", Path("server")});
    return words;
  }());
  ASSERT_TRUE(WaitUntil([&] { return fs::exists(Path("run/endpoint")); }))
      << secured.err();
  const std::string address = Address("run");
  EXPECT_THAT(address, Not(HasSubstr("0.0.0.0"))) << "nobody can call that";
  const auto worker =
      Work("localhost" + address.substr(address.rfind(':')), "worker");
  EXPECT_EQ(secured.Wait().status, 0) << secured.err();
  EXPECT_EQ(worker->Wait().status, 0) << worker->err();
}

TEST_F(TlsTest, OneSideAloneIsSeenInTheEndpoint) {
  const auto secured = Serve("secured", "server");
  ExpectRefused(
      {Starling(), "worker", "--endpoint_file", Path("secured/endpoint")}, 4,
      {"wants TLS", "--tls"});
  const auto plain = Serve("plain", "");
  ExpectRefused({Starling(), "worker", "--endpoint_file",
                 Path("plain/endpoint"), "--tls", Path("worker")},
                4, {"speaks plain text"});
}

TEST_F(TlsTest, BadFilesEndBothProgramsBeforeTheyBegin) {
  Make("expired", {}, "ca", -100 * kDay);
  Make("early", {}, "ca", 3 * kDay);
  MakeWrong("mixed", "member.key", Contents(Path("server/member.key")));
  MakeWrong("empty", "worker.token", "");
  MakeWrong("tokenless", "worker.token", "");
  fs::remove(Path("tokenless/worker.token"));
  MakeWrong("loose", "worker.token", Contents(Path("worker/worker.token")));
  fs::permissions(Path("loose/worker.token"), fs::perms(0644));

  const struct {
    std::string folder;
    int status;
    std::vector<std::string> parts;
  } cases[] = {
      {"expired", 4, {"member.crt has expired", "clock says"}},
      {"early", 4, {"member.crt is not valid yet", "clock says"}},
      {"mixed", 4, {"member.key is not the key of"}},
      {"empty", 4, {"worker.token is empty"}},
      {"tokenless", 2, {"holds 0 tokens"}},
      {"loose", 3, {"chmod 600", "loose/worker.token"}},
      {"none", 2, {"none/ca.crt is not there", "starling certs"}},
      {"server", 4, {"is an aggregator's"}},
  };
  for (const auto& [folder, status, parts] : cases) {
    ExpectRefused(WorkerCommand("127.0.0.1:1", folder), status, parts);
  }

  Make("expired_server", {{"localhost"}}, "ca", -100 * kDay);
  for (const char* folder : {"expired_server", "worker"}) {
    ExpectRefused({Starling(), "aggregator", experiment_, "--run", Path("run"),
                   "--listen", "127.0.0.1:0", "--tls", Path(folder)},
                  4, {folder, "member.crt"});
    EXPECT_FALSE(fs::exists(Path("run")));
  }
}

TEST_F(TlsTest, Row16_WhoCantConnectSaysWhyTriesOnAndDisturbsNobody) {
  testing::Row row(16, "no, foreign, misnamed certificate; plain text",
                   "not let in, hint on both sides; others unaffected");
  const auto aggregator = Serve("run", "server", kEndless);
  const auto good = Work(Address("run"), "worker");
  ASSERT_TRUE(WaitUntil([&] { return Progress(*aggregator) > 2; }));
  Make("elsewhere", {{"elsewhere"}});
  const auto misnamed = Serve("misnamed", "elsewhere");
  const auto plain = Serve("plain", "");
  MakeStranger("stranger");
  ASSERT_TRUE(CreateAuthority(Path("third"), absl::Now()).ok());
  Make("foreigner", {}, "third");

  const struct {
    std::unique_ptr<Process> worker;
    std::string complaint;
  } cases[] = {
      {Work(Address("run"), "foreigner"),
       "its certificate is not from the authority in"},
      {Work(Address("run"), "stranger"),
       "it may not trust this worker's certificate"},
      {Work(Address("run"), ""), "start this worker with --tls"},
      {Work(Address("misnamed"), "worker"),
       "starling certs server --host 127.0.0.1"},
      {Work(Address("plain"), "worker"), "it speaks plain text"},
  };
  for (const auto& [worker, complaint] : cases) {
    EXPECT_TRUE(WaitUntil([&, &worker = worker, &complaint = complaint] {
      return Says(*worker, complaint);
    })) << complaint
        << worker->err();
    EXPECT_TRUE(worker->running()) << worker->err();
    EXPECT_THAT(worker->err(), HasSubstr("Trying on"));
    row.Saw("\"" + complaint + "\"");
  }

  EXPECT_TRUE(Says(*aggregator, "certificate verify failed"))
      << aggregator->err();
  EXPECT_THAT(aggregator->err(),
              HasSubstr("Connected but not let in: ipv4:127.0.0.1:"));
  const size_t before = Progress(*aggregator);
  EXPECT_TRUE(WaitUntil([&] { return Progress(*aggregator) > before + 2; }));
  EXPECT_TRUE(good->running()) << good->err();
  aggregator->Signal(SIGTERM);
  EXPECT_EQ(aggregator->Wait().status, 75) << aggregator->err();
}

TEST_F(TlsTest, Row17_WrongTokensEndTheWorkerAndShutOutTheirHost) {
  testing::Row row(17, "wrong token, token of another role",
                   "exit 4; host shut out after ten; token in no log");
  const auto aggregator = Serve("run", "server", kEndless);
  const std::string address = Address("run");
  const auto good = Work(address, "worker");
  ASSERT_TRUE(WaitUntil([&] { return Progress(*aggregator) > 2; }));
  const std::string wrong(64, 'e');
  MakeWrong("wrong", "worker.token", wrong + "\n");
  Make("viewer", {{}, Role::kViewer});

  ExpectRefused(WorkerCommand(address, "viewer"), 4,
                {"refuses this worker", "the token is a viewer's", "--role"});
  for (int i = 0; i < 9; ++i) {
    ExpectRefused(WorkerCommand(address, "wrong"), 4,
                  {"refuses this worker", "none of this cluster's"});
  }

  // The host is shut out, but who works goes on.
  const auto late = Work(address, "worker");
  EXPECT_TRUE(WaitUntil([&] { return Says(*late, "it is heard again in "); }))
      << late->err();
  EXPECT_TRUE(late->running());
  const size_t before = Progress(*aggregator);
  EXPECT_TRUE(WaitUntil([&] { return Progress(*aggregator) > before + 2; }));
  EXPECT_TRUE(good->running()) << good->err();
  EXPECT_TRUE(Says(*aggregator, "refused a call from 127.0.0.1"));
  EXPECT_TRUE(Says(*aggregator, "10 calls from 127.0.0.1"));
  aggregator->Signal(SIGTERM);
  EXPECT_EQ(aggregator->Wait().status, 75) << aggregator->err();

  // No token anywhere.
  std::string everything = aggregator->err() + good->err() + late->err();
  for (const auto& entry : fs::recursive_directory_iterator(Path("run"))) {
    if (entry.is_regular_file()) everything += Contents(entry.path());
  }
  EXPECT_GT(everything.size(), 1000u);
  std::vector<std::string> secrets = {wrong};
  for (const char* name : {"worker", "operator", "viewer"}) {
    secrets.push_back(Contents(Path("ca/") + name + ".token").substr(0, 64));
  }
  for (const std::string& secret : secrets) {
    ASSERT_EQ(secret.size(), 64u);
    EXPECT_EQ(everything.find(secret.substr(0, 16)), std::string::npos);
  }
  row.Saw("exit 4, \"10 calls from 127.0.0.1\", no token in logs or files");
}

TEST_F(TlsTest, LiveVerbsNeedTheRightRole) {
  const auto aggregator = Serve("run", "server", kEndless);
  const auto worker = Work(Address("run"), "worker");
  ASSERT_TRUE(WaitUntil([&] { return Progress(*aggregator) > 2; }));
  Make("viewer", {{}, Role::kViewer});
  Make("operator", {{}, Role::kOperator});
  const auto verb = [&](const std::string& name, const std::string& tls) {
    std::vector<std::string> words = {Starling(), name, Path("run")};
    if (!tls.empty()) words.insert(words.end(), {"--tls", Path(tls)});
    return words;
  };

  const ProcessResult looks = RunProcess(verb("status", "viewer"));
  EXPECT_EQ(looks.status, 0) << looks.err;
  EXPECT_THAT(looks.out, HasSubstr("1 active"));
  ExpectRefused(verb("pause", "viewer"), 3, {"a viewer's", "operator"});
  ExpectRefused(verb("status", "worker"), 3, {"a worker's", "viewer"});
  ExpectRefused(verb("status", ""), 4, {"--tls"});
  EXPECT_TRUE(aggregator->running());

  const ProcessResult stops = RunProcess(verb("stop", "operator"));
  EXPECT_EQ(stops.status, 0) << stops.err;
  EXPECT_EQ(aggregator->Wait().status, 75) << aggregator->err();
  EXPECT_EQ(worker->Wait().status, 75) << worker->err();
}

TEST_F(TlsTest, ReplacedCertificatesAreTakenUpByBothSides) {
  // Neither trusts the other yet: it is the wrong host, of a wrong worker.
  Make("renewed", {{"elsewhere"}});
  MakeStranger("joining");
  const auto aggregator = Serve("run", "renewed");
  const auto worker = Work(Address("run"), "joining");
  ASSERT_TRUE(WaitUntil([&] { return Says(*worker, "another host"); }))
      << worker->err();

  Replace("server", "renewed");
  Replace("worker", "joining");

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  EXPECT_EQ(worker->Wait().status, 0) << worker->err();
  EXPECT_EQ(Signature(Path("run")), PlainSignature());
}

}  // namespace
}  // namespace starling
