#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/layering/layers.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

std::string Contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The source tree behind the runfiles: a list of files in a BUILD file would
// miss the package that somebody adds tomorrow.
fs::path SourceTree() {
  const fs::path license = fs::path(std::getenv("TEST_SRCDIR")) /
                           std::getenv("TEST_WORKSPACE") / "LICENSE";
  return fs::canonical(license).parent_path();
}

TEST(LayeringTest, EveryFileObeysTheRules) {
  const fs::path root = SourceTree();
  ASSERT_TRUE(fs::exists(root / "WORKSPACE")) << root;
  std::set<std::string> seen;
  for (const char* folder : {"aggregator", "workers", "policies", "envs", "nas",
                             "proto", "base", "deploy", "tests"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file()) continue;
      const std::string path = fs::relative(entry.path(), root).string();
      seen.insert(path);
      for (const std::string& violation :
           LayerViolations(path, Contents(entry.path()))) {
        ADD_FAILURE() << violation;
      }
    }
  }
  // The walk has found the tree.
  EXPECT_EQ(seen.count("base/rng.cc"), 1u);
  EXPECT_EQ(seen.count("workers/BUILD"), 1u);
}

bool IsAllowed(const std::string& path, const std::string& header) {
  return LayerViolations(path, "#include \"" + header + "\"\n").empty() &&
         LayerViolations(path, "#include <" + header + ">  // why\n").empty();
}

TEST(LayeringTest, ArrowsPointDownwards) {
  EXPECT_TRUE(IsAllowed("base/noise.cc", "proto/es.pb.h"));
  EXPECT_TRUE(IsAllowed("policies/dense/mlp.cc", "base/linalg.h"));
  EXPECT_TRUE(IsAllowed("policies/dense/mlp.cc", "policies/policy.h"));
  EXPECT_TRUE(IsAllowed("aggregator/trainer.cc", "policies/policy.h"));
  EXPECT_TRUE(IsAllowed("workers/rollout.cc", "envs/env.h"));
  EXPECT_TRUE(IsAllowed("deploy/cli/train.cc", "workers/worker.h"));
  EXPECT_TRUE(IsAllowed("tests/integration/run_test.cc", "deploy/cli/train.h"));

  EXPECT_FALSE(IsAllowed("base/noise.cc", "policies/policy.h"));
  EXPECT_FALSE(IsAllowed("policies/policy.h", "envs/env.h"));
  EXPECT_FALSE(IsAllowed("envs/env.h", "nas/controller.h"));
  EXPECT_FALSE(IsAllowed("nas/pareto.cc", "policies/policy.h"));
  EXPECT_FALSE(IsAllowed("aggregator/trainer.cc", "envs/env.h"));
  EXPECT_FALSE(IsAllowed("aggregator/trainer.cc", "workers/rollout.h"));
  EXPECT_FALSE(IsAllowed("workers/worker.cc", "aggregator/service.h"));
  EXPECT_FALSE(IsAllowed("workers/worker.cc", "deploy/cli/train.h"));
  EXPECT_FALSE(IsAllowed("deploy/cli/train.cc", "tests/testing/process.h"));
}

TEST(LayeringTest, UnitTestsMayUseTheToolsOfAllTests) {
  EXPECT_TRUE(
      IsAllowed("envs/env_test.cc", "tests/testing/allocation_guard.h"));
  EXPECT_FALSE(IsAllowed("envs/env.cc", "tests/testing/allocation_guard.h"));
  EXPECT_FALSE(IsAllowed("envs/env_test.cc", "tests/golden/golden.h"));
}

TEST(LayeringTest, HeavyLibrariesStayInTheirPlaces) {
  for (const char* header :
       {"grpcpp/grpcpp.h", "grpc/grpc.h", "proto/work.grpc.pb.h"}) {
    EXPECT_TRUE(IsAllowed("aggregator/service.cc", header));
    EXPECT_TRUE(IsAllowed("aggregator/coordinator.h", header));
    EXPECT_TRUE(IsAllowed("workers/worker_test.cc", header));
    EXPECT_TRUE(IsAllowed("workers/aggregator_calls.cc", header));
    EXPECT_TRUE(IsAllowed("base/grpc_status.h", header));
    EXPECT_TRUE(IsAllowed("deploy/cli/starling_main.cc", header));
    EXPECT_FALSE(IsAllowed("aggregator/trainer.cc", header));
    EXPECT_FALSE(IsAllowed("workers/rollout.cc", header));
    EXPECT_FALSE(IsAllowed("deploy/robot/runtime.cc", header));
  }
  EXPECT_TRUE(IsAllowed("envs/mujoco/model.cc", "mujoco/mujoco.h"));
  EXPECT_FALSE(IsAllowed("envs/classic/pendulum.cc", "mujoco/mujoco.h"));
  EXPECT_FALSE(IsAllowed("deploy/robot/runtime.cc", "mujoco/mujoco.h"));
  EXPECT_TRUE(IsAllowed("deploy/media/png.cc", "opencv2/imgproc.hpp"));
  EXPECT_TRUE(IsAllowed("envs/pixels/pixel_env.cc", "opencv2/imgproc.hpp"));
  EXPECT_FALSE(IsAllowed("policies/attention/slim.cc", "opencv2/core.hpp"));
}

TEST(LayeringTest, EmptyNamesOfClassesAreSeen) {
  const auto is_named_well = [](const std::string& text) {
    return LayerViolations("base/thing.h", text).empty();
  };
  EXPECT_FALSE(is_named_well("class UnitManager {\n"));
  EXPECT_FALSE(is_named_well("struct PathUtils {\n"));
  EXPECT_FALSE(is_named_well("class RolloutHelper : public Base {\n"));
  EXPECT_FALSE(is_named_well("class ContextHolder final : public Base {\n"));
  EXPECT_TRUE(is_named_well("class ServerContext;\n"));
  EXPECT_TRUE(is_named_well("struct Utilities {\n"));
  EXPECT_TRUE(is_named_well("class Registry {\n"));
}

TEST(LayeringTest, BuildFilesOpenToTheFoldersAboveOnly) {
  const auto is_open_to = [](const std::string& path, const std::string& to) {
    return LayerViolations(path, "package(default_visibility = [\n    \"//" +
                                     to + "\",\n])\n")
        .empty();
  };
  EXPECT_TRUE(is_open_to("envs/BUILD", "workers:__subpackages__"));
  EXPECT_TRUE(is_open_to("envs/classic/BUILD", "tests:__subpackages__"));
  EXPECT_FALSE(is_open_to("envs/BUILD", "aggregator:__subpackages__"));
  EXPECT_FALSE(is_open_to("envs/BUILD", "visibility:public"));
  EXPECT_FALSE(is_open_to("workers/BUILD", "aggregator/es:__pkg__"));
}

}  // namespace
}  // namespace starling
