// Every MuJoCo task against what Gymnasium's own did from the same states (the
// files say how they were made: make_env_golden.py).
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "envs/env.h"
#include "envs/mujoco/mujoco_env.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr char kFolder[] = "tests/golden/envs";

std::vector<std::string> GoldenFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".golden") {
      files.push_back(entry.path().stem().string());
    }
  }
  return files;
}

// Reads a table row by row, column by column.
struct Golden {
  std::string config;
  int rows, states, controls, observations, qpos, qvel;
  std::vector<double> table;

  explicit Golden(const std::string& name) {
    std::ifstream file(std::string(kFolder) + "/" + name + ".golden",
                       std::ios::binary);
    std::string sizes;
    std::getline(file, config);
    std::getline(file, sizes);
    std::istringstream(sizes) >> rows >> states >> controls >> observations >>
        qpos >> qvel;
    table.resize(rows * columns());
    file.read(reinterpret_cast<char*>(table.data()),
              static_cast<std::streamsize>(table.size() * sizeof(double)));
    EXPECT_TRUE(file.good());
    EXPECT_EQ(file.peek(), std::ifstream::traits_type::eof());
  }

  int columns() const {
    return 3 + states + controls + observations + qpos + qvel;
  }
};

// To 1e-9, relative for numbers above 1.
void ExpectNear(double actual, double expected) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::max(1.0, std::abs(expected)));
}

class EnvGoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(EnvGoldenTest, EveryStepGivesWhatGymnasiumGave) {
  const Golden golden(GetParam());
  ASSERT_GE(golden.rows, 30);
  v1::EnvConfig config;
  ASSERT_TRUE(
      google::protobuf::TextFormat::ParseFromString(golden.config, &config))
      << golden.config;
  config.set_max_steps(1000000);
  auto made = EnvRegistry::Make(config);
  ASSERT_TRUE(made.ok()) << made.status();
  auto* env = dynamic_cast<MujocoEnv*>(made->get());
  ASSERT_NE(env, nullptr);
  ASSERT_EQ(env->spec().state_size(),
            static_cast<uint32_t>(golden.observations));
  ASSERT_EQ(env->spec().action_size(), static_cast<uint32_t>(golden.controls));

  const double* column = golden.table.data();
  for (int row = 0; row < golden.rows; ++row) {
    SCOPED_TRACE("row " + std::to_string(row));
    const bool is_fresh = *column++ != 0;
    const auto state = absl::MakeConstSpan(column, golden.states);
    column += golden.states;
    const Eigen::VectorXf action =
        Eigen::Map<const Eigen::VectorXd>(column, golden.controls)
            .cast<float>();
    column += golden.controls;
    if (is_fresh) {
      mj_resetData(env->model(), env->data());
      env->SetIntegrationState(state);
      mj_forward(env->model(), env->data());
    }
    env->SetIntegrationState(state);

    const StepResult result = env->Step(action);

    const Observation observation = env->observation();
    for (int i = 0; i < golden.observations; ++i, ++column) {
      // Half a unit in the last place of a float, and the double's tolerance.
      EXPECT_NEAR(
          observation.state[i], *column,
          0x1p-24 * std::abs(*column) + 1e-9 * std::max(1.0, std::abs(*column)))
          << "observation " << i;
    }
    ExpectNear(result.reward, *column++);
    EXPECT_EQ(result.outcome == Outcome::kTerminated, *column++ != 0);
    EXPECT_NE(result.outcome, Outcome::kDiverged);
    const PhysicsState physics = env->physics_state();
    for (int i = 0; i < golden.qpos; ++i) {
      ExpectNear(physics.qpos[i], *column++);
    }
    for (int i = 0; i < golden.qvel; ++i) {
      ExpectNear(physics.qvel[i], *column++);
    }
    if (HasFailure()) return;  // one row says it all
  }
}

INSTANTIATE_TEST_SUITE_P(AllTasks, EnvGoldenTest,
                         ::testing::ValuesIn(GoldenFiles()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) {
                             if (c == '.') c = '_';
                           }
                           return name;
                         });

TEST(EnvGoldenFilesTest, CoverEveryTaskWithDefaultsAndWithOtherOptions) {
  std::map<std::string, std::set<std::string>> configs;
  for (const std::string& name : GoldenFiles()) {
    configs[name.substr(0, name.find('.'))].insert(Golden(name).config);
  }
  EXPECT_EQ(configs.size(), 11u);
  for (const auto& [task, texts] : configs) {
    EXPECT_EQ(texts.count(task + " {}"), 1u) << task;
    EXPECT_GE(texts.size(), 2u) << task;
  }
}

TEST(EnvGoldenFilesTest, ContainEpisodesThatEnd) {
  for (const std::string task :
       {"hopper", "walker2d", "ant", "humanoid", "inverted_pendulum",
        "inverted_double_pendulum"}) {
    const Golden golden(task + ".default");
    int ended = 0;
    for (int row = 0; row < golden.rows; ++row) {
      ended += golden.table[row * golden.columns() + 1 + golden.states +
                            golden.controls + golden.observations + 1] != 0;
    }
    EXPECT_GT(ended, 0) << task;
    EXPECT_LT(ended, golden.rows) << task;
  }
}

}  // namespace
}  // namespace starling
