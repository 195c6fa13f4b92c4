// The common base of the MuJoCo tasks: simulation, episode, observation buffer,
// divergence.
//
// A task says five things: how an episode starts (Perturb), what it must
// remember of the state before a step (BeforeStep), what a step was worth
// (AfterStep), what is seen (Observe), and which options contradict each other
// or the model (Check). It registers itself by
//
//   STARLING_REGISTER_ENV(hopper, [](const v1::EnvConfig& config) {
//     return CreateMujocoEnv<HopperEnv>(config, config.hopper(), 1000);
//   });
//
// Numbers are those of Gymnasium 1.4.0's tasks of version 5: rewards bit for
// bit, in double, observations rounded to float.
#ifndef STARLING_ENVS_MUJOCO_MUJOCO_ENV_H_
#define STARLING_ENVS_MUJOCO_MUJOCO_ENV_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/status.h"
#include "envs/env.h"
#include "envs/mujoco/model.h"
#include "envs/mujoco/renderer.h"

namespace starling {

// A model with its data and all that does not depend on the task's own options.
struct Simulation {
  std::shared_ptr<const MujocoModel> model;
  MujocoData data;
  int frame_skip;
  // Complete but for state_size.
  v1::EnvSpec spec;
};

// Checks the ranges of `config`'s fields and loads the model. InvalidArgument
// names field and value; other errors are those of MujocoModel.
absl::StatusOr<Simulation> OpenSimulation(const v1::EnvConfig& config,
                                          const std::string& xml_file,
                                          int frame_skip,
                                          int default_max_steps);

// Writes an observation, rounded to float; without a buffer it only notes where
// each number comes from.
class ObservationWriter {
 public:
  explicit ObservationWriter(float* out) : out_(out) {}

  void Add(const double* x, int n) {
    for (int i = 0; i < n; ++i) Add(x[i], {x + i, "", "", ""});
  }
  // x = function(*of): "cos".
  void AddFunction(const char* function, double x, const double* of) {
    Add(x, {of, function, "", ""});
  }
  // Computed from others.
  void AddNamed(double x, const char* name, const char* unit) {
    Add(x, {nullptr, "", name, unit});
  }
  // Each clipped to [low, high]; NaN stays NaN.
  void AddClipped(const double* x, int n, double low, double high);

  int size() const { return size_; }
  // Where a number comes from: `function`, if any, of the engine's number at
  // `source`; or else what it is called.
  struct Origin {
    const double* source;
    const char *function, *name, *unit;
  };
  // Empty if there is a buffer.
  const std::vector<Origin>& origins() const { return origins_; }

 private:
  void Add(double x, const Origin& origin) {
    if (out_ != nullptr) {
      out_[size_] = static_cast<float>(x);
    } else {
      origins_.push_back(origin);
    }
    ++size_;
  }

  float* out_;
  int size_ = 0;
  std::vector<Origin> origins_;
};

class MujocoEnv : public Env {
 public:
  const v1::EnvSpec& spec() const final { return spec_; }
  void Reset(Rng rng) final;
  // Non-finite actions, positions, velocities or rewards, the engine's warnings
  // about them and its errors all give kDiverged, with reward 0.
  StepResult Step(ConstVectorRef action) final;
  Observation observation() const final;
  PhysicsState physics_state() const final;
  bool Draw(int height, int width, uint8_t* rgb) final {
    return pictures_.Draw(*model_, data_.get(), height, width, rgb);
  }

  // For renderers, benchmarks and tests. Positions of bodies in `data` are, as
  // always after mj_step, those at the beginning of its last stage.
  const mjModel* model() const { return model_->get(); }
  mjData* data() { return data_.get(); }
  int frame_skip() const { return frame_skip_; }

  // Sets what the next step starts from (mjSTATE_INTEGRATION: time, positions,
  // velocities, activations, controls, warm start, ..), [mj_stateSize]. Derived
  // quantities, positions of bodies among them, stay as they are, as they would
  // between two steps: call mj_forward where they should follow. The episode's
  // step count stays, too; the observation follows.
  void SetIntegrationState(absl::Span<const double> state);

 protected:
  struct Verdict {
    double reward;
    bool terminated;
  };

  MujocoEnv(Simulation simulation, bool needs_contact_forces);

  // Turns the model's initial positions and velocities (in data()->qpos, qvel)
  // into those of an episode.
  virtual void Perturb(Rng& rng) = 0;
  // With the action in data()->ctrl.
  virtual void BeforeStep() {}
  virtual Verdict AfterStep() = 0;
  virtual void Observe(ObservationWriter& out) const = 0;

  const mjData& state() const { return *data_; }
  const MujocoModel& mujoco_model() const { return *model_; }
  // Position of that body in the world, [3], m.
  const double* body(int number) const { return data_->xpos + 3 * number; }
  // Seconds of a control step.
  double dt() const { return spec_.control_period_s(); }
  // Sum of squared actions.
  double SumOfSquaredControls() const;
  // Adds uniform noise in [-scale, scale) to all positions.
  void PerturbPositions(Rng& rng, double scale);
  // The same, or scale times a normal, for all velocities.
  void PerturbVelocities(Rng& rng, double scale);
  void PerturbVelocitiesNormally(Rng& rng, double scale);

 private:
  template <typename Task, typename Options>
  friend absl::StatusOr<std::unique_ptr<Env>> CreateMujocoEnv(
      const v1::EnvConfig& config, const Options& options,
      int default_max_steps);

  // Sizes the observation; a first Reset shows whether the model can be used.
  absl::Status Finish();
  void UpdateObservation();
  bool HasDiverged(double reward) const;

  std::shared_ptr<const MujocoModel> model_;
  MujocoData data_;
  int frame_skip_;
  v1::EnvSpec spec_;
  bool needs_contact_forces_;
  int max_steps_;
  int steps_ = 0;
  std::vector<float> observation_;
  PictureMaker pictures_;
};

// Between two numbers, both exclusive.
struct OpenInterval {
  double low;
  double high;

  bool Contains(double x) const { return low < x && x < high; }
  bool ContainsAll(const double* x, int n) const;
};

// OK if the model has at least so many positions, velocities and sites;
// otherwise InvalidArgument.
struct ModelNeeds {
  int positions = 1;
  int velocities = 1;
  int sites = 0;
};
absl::Status CheckModel(const MujocoModel& model, const ModelNeeds& needs);

// Number of the body of that name. InvalidArgument lists the names there are.
absl::StatusOr<int> FindBody(const MujocoModel& model, absl::string_view name);

// InvalidArgument if the range that `field`_min and `field`_max make is empty.
absl::Status CheckRange(absl::string_view field, double min, double max);

// Task has: static absl::Status Check(const Options&, const MujocoModel&), and
// a constructor from (const Options&, Simulation).
template <typename Task, typename Options>
absl::StatusOr<std::unique_ptr<Env>> CreateMujocoEnv(
    const v1::EnvConfig& config, const Options& options,
    int default_max_steps) {
  ASSIGN_OR_RETURN(Simulation simulation,
                   OpenSimulation(config, options.xml_file(),
                                  options.frame_skip(), default_max_steps));
  RETURN_IF_ERROR(Task::Check(options, *simulation.model));
  std::unique_ptr<MujocoEnv> env =
      std::make_unique<Task>(options, std::move(simulation));
  RETURN_IF_ERROR(env->Finish());
  return std::unique_ptr<Env>(std::move(env));
}

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_MUJOCO_ENV_H_
