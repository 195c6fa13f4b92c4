// Prints an episode of any environment under given actions, for comparison with
// other software.
//
//   env_trace CONFIG [INITIAL] < ACTIONS
//
// CONFIG is an EnvConfig in text format: "half_cheetah {}". INITIAL is a file
// with the initial positions and velocities of a MuJoCo task, in this order,
// separated by white space or commas; without it the episode starts as
// Reset(Rng(0)) does. ACTIONS has one action a line, separated likewise.
//
// For each action one line: reward, outcome (0 running, 1 terminated,
// 2 truncated, 3 diverged), positions, velocities, observation; doubles with 17
// digits, floats with 9: enough to restore every bit. The episode goes on after
// its end.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "envs/env.h"
#include "envs/mujoco/mujoco_env.h"
#include "google/protobuf/text_format.h"

namespace starling {
namespace {

std::vector<double> ParseNumbers(std::string line) {
  for (char& c : line) {
    if (c == ',') c = ' ';
  }
  std::istringstream in(line);
  std::vector<double> numbers;
  for (double x; in >> x;) numbers.push_back(x);
  CHECK(in.eof()) << "not a number in: " << line;
  return numbers;
}

// As Gymnasium's reset: everything else starts from zero.
void SetInitialState(const std::vector<double>& initial, Env* env) {
  auto* mujoco = dynamic_cast<MujocoEnv*>(env);
  CHECK(mujoco != nullptr) << "only MuJoCo tasks take an initial state";
  const mjModel* model = mujoco->model();
  mjData* data = mujoco->data();
  CHECK_EQ(initial.size(), static_cast<size_t>(model->nq + model->nv));
  mj_resetData(model, data);
  for (int i = 0; i < model->nq; ++i) data->qpos[i] = initial[i];
  for (int i = 0; i < model->nv; ++i) data->qvel[i] = initial[model->nq + i];
  mj_forward(model, data);
}

void PrintRow(const StepResult& result, const Env& env) {
  std::printf("%.17g,%d", result.reward, static_cast<int>(result.outcome));
  for (const double q : env.physics_state().qpos) std::printf(",%.17g", q);
  for (const double v : env.physics_state().qvel) std::printf(",%.17g", v);
  for (const float x : env.observation().state) std::printf(",%.9g", x);
  std::printf("\n");
}

int Main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: env_trace CONFIG [INITIAL] < ACTIONS\n");
    return 2;
  }
  v1::EnvConfig config;
  CHECK(google::protobuf::TextFormat::ParseFromString(argv[1], &config));
  absl::StatusOr<std::unique_ptr<Env>> env = EnvRegistry::Make(config);
  if (!env.ok()) {
    std::fprintf(stderr, "%s\n", env.status().ToString().c_str());
    return 1;
  }
  (*env)->Reset(Rng(0));
  if (argc == 3) {
    std::ifstream file(argv[2]);
    CHECK(file.good()) << "cannot read " << argv[2];
    std::stringstream text;
    text << file.rdbuf();
    std::string line = text.str();
    for (char& c : line) {
      if (c == '\n') c = ' ';
    }
    SetInitialState(ParseNumbers(line), env->get());
  }
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<double> numbers = ParseNumbers(line);
    CHECK_EQ(numbers.size(), (*env)->spec().action_size());
    const Eigen::VectorXf action =
        Eigen::Map<const Eigen::VectorXd>(numbers.data(), numbers.size())
            .cast<float>();
    const StepResult result = (*env)->Step(action);
    PrintRow(result, **env);
  }
  return 0;
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) { return starling::Main(argc, argv); }
