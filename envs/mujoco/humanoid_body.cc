#include "envs/mujoco/humanoid_body.h"

#include <algorithm>

#include "envs/mujoco/numpy_order.h"

namespace starling {

absl::Status CheckHumanoid(const MujocoModel& model) {
  return CheckModel(model, {.positions = 7, .velocities = 6});
}

void ObserveHumanoid(const mjModel& model, const mjData& data,
                     const HumanoidParts& parts, ObservationWriter& out) {
  const int skip = parts.current_positions ? 0 : 2;
  const int bodies = model.nbody - 1;
  out.Add(data.qpos + skip, model.nq - skip);
  out.Add(data.qvel, model.nv);
  if (parts.cinert) out.Add(data.cinert + 10, 10 * bodies);
  if (parts.cvel) out.Add(data.cvel + 6, 6 * bodies);
  if (parts.qfrc_actuator) out.Add(data.qfrc_actuator + 6, model.nv - 6);
  if (parts.cfrc_ext) out.Add(data.cfrc_ext + 6, 6 * bodies);
}

double ContactForceCost(const mjModel& model, const mjData& data, double weight,
                        double min, double max) {
  const double cost =
      weight * SumOfSquaresInNumpyOrder(data.cfrc_ext, 6 * model.nbody);
  return std::clamp(cost, min, max);
}

}  // namespace starling
