#include "tests/integration/cluster_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

namespace starling {

using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::WaitUntil;

void ClusterFixture::SetUp() {
  RunFixture::SetUp();
  experiment_ = Write("experiment.textproto", text_);
  run_ = Path("run");
}

std::unique_ptr<Process> ClusterFixture::StartAggregator(const Words& more) {
  Words words = {Starling(), "aggregator", experiment_, "--run", run_};
  words.insert(words.end(), more.begin(), more.end());
  if (std::find(more.begin(), more.end(), "--listen") == more.end()) {
    words.insert(words.end(), {"--listen", "unix:" + Path("a.sock")});
  }
  // That of an earlier life, if it was killed.
  std::filesystem::remove(run_ + "/endpoint");
  auto aggregator = std::make_unique<Process>(words);
  EXPECT_TRUE(WaitUntil([&] {
    return std::filesystem::exists(run_ + "/endpoint") ||
           !aggregator->running();
  })) << aggregator->err();
  return aggregator;
}

std::unique_ptr<Process> ClusterFixture::StartWorker(const std::string& name,
                                                     const Words& more,
                                                     const Words& environment) {
  Words words = {"/usr/bin/env"};
  words.insert(words.end(), environment.begin(), environment.end());
  words.insert(words.end(), {Starling(), "worker", "--name", name});
  const auto says = [&](const char* flag) {
    return std::find(more.begin(), more.end(), flag) != more.end();
  };
  if (!says("--connect")) {
    words.insert(words.end(), {"--endpoint_file", run_ + "/endpoint"});
    words.insert(words.end(), {"--wait", "60"});
  }
  words.insert(words.end(), more.begin(), more.end());
  return std::make_unique<Process>(words);
}

std::vector<std::unique_ptr<Process>> ClusterFixture::StartWorkers(
    int n, const Words& environment) {
  std::vector<std::unique_ptr<Process>> workers;
  for (int i = 0; i < n; ++i) {
    workers.push_back(
        StartWorker("w" + std::to_string(i), {}, environment));
  }
  return workers;
}

ProcessResult ClusterFixture::Tell(Words words) {
  words.insert(words.begin(), Starling());
  return RunProcess(words);
}

std::string ClusterFixture::Ok(const Words& words) {
  const ProcessResult result = Tell(words);
  EXPECT_EQ(result.status, 0) << words[0] << ": " << result.err;
  return result.out;
}

double ClusterFixture::Number(const std::string& json,
                              const std::string& name) {
  const size_t at = json.find("\"" + name + "\":");
  return at == std::string::npos
             ? -1
             : std::atof(json.c_str() + at + name.size() + 3);
}

bool ClusterFixture::AwaitStatus(const std::string& part) {
  return WaitUntil([&] { return Status().find(part) != std::string::npos; });
}

bool ClusterFixture::AwaitGeneration(int generation) {
  return WaitUntil([&] { return StatusNumber("generation") >= generation; });
}

std::string ClusterFixture::Undisturbed() {
  // Of this test program's experiments.
  static auto* const known = new std::map<std::string, std::string>;
  std::string& signature = (*known)[text_];
  if (signature.empty()) {
    const std::string run = Path("undisturbed");
    const ProcessResult result = Train(experiment_, run, {"--workers", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    signature = Signature(run);
  }
  return signature;
}

std::vector<std::string> FaultyPhysics(const std::string& fault,
                                       const std::vector<std::string>& more) {
  std::vector<std::string> words = {
      "LD_PRELOAD=" + testing::DataPath("tests/faults/libfaulty_physics.so"),
      "STARLING_FAULT=" + fault,
      // For programs that are built with that sanitizer.
      "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace starling
