#include "envs/mujoco/mujoco_env.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/validate.h"
#include "envs/mujoco/number_names.h"
#include "envs/mujoco/numpy_order.h"

namespace starling {
namespace {

bool AllFinite(const double* x, int n) {
  // Zero times a finite number is zero; times anything else it is NaN.
  double zeros = 0;
  for (int i = 0; i < n; ++i) zeros += 0 * x[i];
  return zeros == 0;
}

void FillActionBounds(const mjModel& model, v1::EnvSpec* spec) {
  for (int i = 0; i < model.nu; ++i) {
    const bool is_limited = model.actuator_ctrllimited[i];
    const float infinity = std::numeric_limits<float>::infinity();
    const double* range = model.actuator_ctrlrange + 2 * i;
    spec->add_action_low(is_limited ? static_cast<float>(range[0]) : -infinity);
    spec->add_action_high(is_limited ? static_cast<float>(range[1]) : infinity);
  }
}

std::vector<std::string> BodyNames(const mjModel& model) {
  std::vector<std::string> names;
  for (int i = 0; i < model.nbody; ++i) {
    const char* name = mj_id2name(&model, mjOBJ_BODY, i);
    if (name != nullptr && *name != '\0') names.emplace_back(name);
  }
  return names;
}

}  // namespace

absl::StatusOr<Simulation> OpenSimulation(const v1::EnvConfig& config,
                                          const std::string& xml_file,
                                          int frame_skip,
                                          int default_max_steps) {
  const std::vector<std::string> violations = RangeViolations(config, {});
  if (!violations.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(violations, "; "));
  }
  Simulation simulation;
  ASSIGN_OR_RETURN(simulation.model, MujocoModel::Load(xml_file));
  ASSIGN_OR_RETURN(simulation.data, simulation.model->MakeData());
  simulation.frame_skip = frame_skip;

  const mjModel& model = *simulation.model->get();
  if (model.nu < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "xml_file ", xml_file, " has no actuator: nothing could act in it"));
  }
  v1::EnvSpec& spec = simulation.spec;
  spec.set_name(EnvRegistry::KindOf(config));
  spec.set_action_size(model.nu);
  FillActionBounds(model, &spec);
  spec.set_control_period_s(model.opt.timestep * frame_skip);
  spec.set_max_steps(config.max_steps() == 0 ? default_max_steps
                                             : config.max_steps());
  spec.add_model_sha256(simulation.model->sha256());
  return simulation;
}

void ObservationWriter::AddClipped(const double* x, int n, double low,
                                   double high) {
  for (int i = 0; i < n; ++i) {
    Add(x[i] < low    ? low
        : x[i] > high ? high
                      : x[i],
        Origin{x + i, "", "", ""});
  }
}

MujocoEnv::MujocoEnv(Simulation simulation, bool needs_contact_forces)
    : model_(std::move(simulation.model)),
      data_(std::move(simulation.data)),
      frame_skip_(simulation.frame_skip),
      spec_(std::move(simulation.spec)),
      needs_contact_forces_(needs_contact_forces),
      max_steps_(static_cast<int>(spec_.max_steps())) {}

absl::Status MujocoEnv::Finish() {
  ObservationWriter counter(nullptr);
  Observe(counter);
  observation_.resize(counter.size());
  spec_.set_state_size(counter.size());
  for (const ObservationWriter::Origin& origin : counter.origins()) {
    v1::NumberName* const name = spec_.add_state_names();
    if (origin.source == nullptr) {
      name->set_name(origin.name);
      name->set_unit(origin.unit);
      continue;
    }
    *name = NameOf(*model(), *data(), origin.source);
    if (*origin.function != 0) {
      name->set_name(absl::StrCat(origin.function, "(", name->name(), ")"));
      name->clear_unit();
    }
  }
  for (int i = 0; i < model()->nu; ++i) {
    *spec_.add_action_names() = NameOfActuator(*model(), i);
  }
  const absl::Status status = GuardEngine([this] {
    mj_resetData(model(), data());
    mj_forward(model(), data());
  });
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "xml_file ", model_->xml_file(),
        ": its initial state cannot be computed: ", status.message()));
  }
  Reset(Rng(0));
  return absl::OkStatus();
}

void MujocoEnv::Reset(Rng rng) {
  mj_resetData(model(), data());
  Perturb(rng);
  const absl::Status status =
      GuardEngine([this] { mj_forward(model(), data()); });
  // The first step then meets the same error, or the warning that stands for
  // it, and reports it as an outcome.
  if (!status.ok()) {
    LOG_FIRST_N(ERROR, 1) << status.message();
  }
  steps_ = 0;
  UpdateObservation();
}

StepResult MujocoEnv::Step(ConstVectorRef action) {
  mjData& data = *data_;
  CHECK_EQ(action.size(), model()->nu);
  for (int i = 0; i < model()->nu; ++i) data.ctrl[i] = action[i];
  BeforeStep();
  const absl::Status status = GuardEngine([this] {
    for (int i = 0; i < frame_skip_; ++i) mj_step(model(), data_.get());
    // The engine itself computes these only for sensors.
    if (needs_contact_forces_) mj_rnePostConstraint(model(), data_.get());
  });
  ++steps_;
  if (!status.ok()) {
    LOG_FIRST_N(ERROR, 1) << status.message();
    mj_resetData(model(), data_.get());
    UpdateObservation();
    return {0, Outcome::kDiverged};
  }
  UpdateObservation();
  const Verdict verdict = AfterStep();
  if (HasDiverged(verdict.reward)) return {0, Outcome::kDiverged};
  if (verdict.terminated) return {verdict.reward, Outcome::kTerminated};
  if (steps_ >= max_steps_) return {verdict.reward, Outcome::kTruncated};
  return {verdict.reward, Outcome::kRunning};
}

bool MujocoEnv::HasDiverged(double reward) const {
  // The engine resets a simulation that went wrong and goes on: only these
  // counters tell.
  for (const mjtWarning warning :
       {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL}) {
    if (data_->warning[warning].number > 0) return true;
  }
  return !std::isfinite(reward) || !AllFinite(data_->qpos, model()->nq) ||
         !AllFinite(data_->qvel, model()->nv);
}

Observation MujocoEnv::observation() const {
  return {Eigen::Map<const Eigen::VectorXf>(observation_.data(),
                                            spec_.state_size()),
          ImageView()};
}

PhysicsState MujocoEnv::physics_state() const {
  return {absl::MakeConstSpan(data_->qpos, model()->nq),
          absl::MakeConstSpan(data_->qvel, model()->nv)};
}

void MujocoEnv::SetIntegrationState(absl::Span<const double> state) {
  CHECK_EQ(static_cast<int>(state.size()),
           mj_stateSize(model(), mjSTATE_INTEGRATION));
  mj_setState(model(), data(), state.data(), mjSTATE_INTEGRATION);
  for (mjWarningStat& warning : data_->warning) warning.number = 0;
  UpdateObservation();
}

void MujocoEnv::UpdateObservation() {
  ObservationWriter writer(observation_.data());
  Observe(writer);
}

double MujocoEnv::SumOfSquaredControls() const {
  return SumOfSquaresInNumpyOrder(data_->ctrl, model()->nu);
}

void MujocoEnv::PerturbPositions(Rng& rng, double scale) {
  for (int i = 0; i < model()->nq; ++i) {
    data_->qpos[i] += rng.Uniform(-scale, scale);
  }
}

void MujocoEnv::PerturbVelocities(Rng& rng, double scale) {
  for (int i = 0; i < model()->nv; ++i) {
    data_->qvel[i] += rng.Uniform(-scale, scale);
  }
}

void MujocoEnv::PerturbVelocitiesNormally(Rng& rng, double scale) {
  for (int i = 0; i < model()->nv; ++i) data_->qvel[i] += scale * rng.Normal();
}

bool OpenInterval::ContainsAll(const double* x, int n) const {
  return std::all_of(x, x + n, [this](double y) { return Contains(y); });
}

absl::Status CheckModel(const MujocoModel& model, const ModelNeeds& needs) {
  const auto check = [&](absl::string_view what, int have, int want) {
    if (have >= want) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("xml_file ", model.xml_file(), " has ", have, " ", what,
                     "; this task needs at least ", want));
  };
  const mjModel& m = *model.get();
  RETURN_IF_ERROR(check("positions (nq)", m.nq, needs.positions));
  RETURN_IF_ERROR(check("velocities (nv)", m.nv, needs.velocities));
  return check("sites", m.nsite, needs.sites);
}

absl::StatusOr<int> FindBody(const MujocoModel& model, absl::string_view name) {
  const int id = mj_name2id(model.get(), mjOBJ_BODY, std::string(name).c_str());
  if (id >= 0) return id;
  const std::vector<std::string> names = BodyNames(*model.get());
  const std::string nearest = Nearest(name, names);
  return absl::InvalidArgumentError(absl::StrCat(
      "xml_file ", model.xml_file(), " has no body \"", name, "\"",
      nearest.empty() ? "" : absl::StrCat(" (did you mean ", nearest, "?)"),
      "; it has ", absl::StrJoin(names, ", ")));
}

absl::Status CheckRange(absl::string_view field, double min, double max) {
  if (min <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, "_min = ", min, " is above ", field, "_max = ", max));
}

}  // namespace starling
