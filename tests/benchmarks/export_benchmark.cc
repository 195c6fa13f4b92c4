// What exported policies cost: time of an action here, memory and instructions
// on a Cortex-M4, time to load. HalfCheetah's sizes, random weights.
//
// Usage: export_benchmark [DIR]   keeps what it compiles in DIR
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "deploy/export/c_source.h"
#include "deploy/export/onnx.h"
#include "deploy/export/quantize.h"
#include "deploy/export/test_models.h"
#include "policies/portable/portable_policy.h"
#include "policies/portable/strlp.h"
#include "tests/testing/board/board.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

// Seconds of the quickest of seven rounds, each of `times` calls.
double Time(int times, const std::function<void(int)>& call) {
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < 7; ++round) {
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < times; ++i) call(i);
    best = std::min(
        best,
        std::chrono::duration<double>(Clock::now() - begin).count() / times);
  }
  return best;
}

double TimeOfC(const std::string& folder, const std::string& name,
               const std::vector<std::string>& flags) {
  std::vector<std::string> command = {"/usr/bin/cc", "-std=c99",
                                      "-ffp-contract=off", "-fPIC", "-shared"};
  command.insert(command.end(), flags.begin(), flags.end());
  const std::string library =
      absl::StrCat(folder, "/", name, flags.size(), ".so");
  command.insert(command.end(), {name + ".c", "-o", library});
  const testing::ProcessResult compiled = testing::RunProcess(command, folder);
  CHECK_EQ(compiled.status, 0) << compiled.err;
  void* const loaded = dlopen(library.c_str(), RTLD_NOW);
  CHECK(loaded != nullptr) << dlerror();
  const auto act = reinterpret_cast<void (*)(const float*, float*)>(
      dlsym(loaded, (name + "_act").c_str()));
  CHECK(act != nullptr);
  float state[17], action[6];
  for (int i = 0; i < 17; ++i) state[i] = 0.1f * static_cast<float>(i);
  return Time(100000, [&](int i) {
    state[i % 17] += 0.001f;
    act(state, action);
    asm volatile("" : : "r"(action) : "memory");
  });
}

void Report(const std::string& folder, const std::string& name,
            const v1::ExportedPolicy& model) {
  const CSource code = *WriteC(model, name);
  testing::WriteSource(code, name, folder);
  const double fast = TimeOfC(folder, name, {"-O3", "-march=x86-64-v3"});
  const double plain = TimeOfC(folder, name, {"-O2"});
  auto policy = *PortablePolicy::Create(model);
  Eigen::VectorXf state = Eigen::VectorXf::LinSpaced(17, 0, 1.6f), action(6);
  const double own = Time(100000, [&](int i) {
    state[i % 17] += 0.001f;
    policy.Act(state, action);
  });
  const testing::CompiledSize size =
      testing::Compile(testing::CortexM4(), name, folder, "-Os");
  testing::Conversation board(
      testing::BoardCommand(testing::CortexM4(), name, folder, 17, 6));
  CHECK(board.Write(state.data(), 4 * 17));
  CHECK(board.Read(action.data(), 4 * 6));
  CHECK_EQ(board.Close(), 0);
  const testing::Measures measures = testing::ReadMeasures(folder);
  std::printf(
      "| %s | %d | %.2f us | %.2f us | %.2f us | %lld | %lld | %u | "
      "%u |\n",
      name.c_str(), policy.num_parameters(), 1e6 * fast, 1e6 * plain, 1e6 * own,
      static_cast<long long>(size.flash_bytes),
      static_cast<long long>(size.ram_bytes), measures.stack_bytes,
      measures.instructions);
}

void Main(const std::string& folder) {
  const v1::EnvSpec spec = Spec(17, 6, -1, 1);
  const v1::ExportedPolicy dense =
      Export("mlp { hidden: 64 hidden: 64 }", spec);
  const v1::ExportedPolicy pruned =
      Export("edge_pruned { mlp { hidden: 32 } residual { edges: 64 } }", spec);
  std::printf(
      "| | weights | C, -O3 -march=x86-64-v3 | C, -O2 | run_policy | "
      "Cortex-M4 flash | RAM | stack | instructions |\n"
      "|---|---|---|---|---|---|---|---|---|\n");
  Report(folder, "dense", dense);
  Report(folder, "dense_int8", *Quantize(dense, Quantization::kInt8, {}));
  Report(folder, "pruned", pruned);
  Report(folder, "pruned_int8", *Quantize(pruned, Quantization::kInt8, {}));
  CHECK(WriteFileAtomically(folder + "/dense.onnx",
                            *WriteOnnx(dense, "dense", "{}"))
            .ok());
  CHECK(WriteFileAtomically(folder + "/pruned.onnx",
                            *WriteOnnx(pruned, "pruned", "{}"))
            .ok());

  const v1::ExportedPolicy large =
      Export("mlp { hidden: 300 hidden: 300 }", spec);
  const std::string path = folder + "/large.strlp";
  CHECK(WriteStrlp(path, large).ok());
  int parameters = 0;
  const double load = Time(20, [&](int) {
    const auto read = ReadStrlp(path);
    CHECK(read.ok()) << read.status();
    parameters = PortablePolicy::Create(*read)->num_parameters();
  });
  std::printf("\n%d weights in a .strlp: %.2f ms to load\n", parameters,
              1e3 * load);
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  const std::string folder = argc > 1
                                 ? std::filesystem::absolute(argv[1]).string()
                                 : starling::testing::NewFolder();
  std::filesystem::create_directories(folder);
  // `bazel run` starts it among its data, as `bazel test` does its tests.
  setenv("TEST_SRCDIR", std::filesystem::current_path().parent_path().c_str(),
         0);
  setenv("TEST_WORKSPACE", "starling", 0);
  starling::Main(folder);
  return 0;
}
