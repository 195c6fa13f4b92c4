// What the two tasks with the humanoid share: the long observation and the cost
// of contacts.
#ifndef STARLING_ENVS_MUJOCO_HUMANOID_BODY_H_
#define STARLING_ENVS_MUJOCO_HUMANOID_BODY_H_

#include "envs/mujoco/mujoco_env.h"

namespace starling {

// Which parts an observation has.
struct HumanoidParts {
  bool current_positions;  // x and y
  bool cinert;
  bool cvel;
  bool qfrc_actuator;
  bool cfrc_ext;

  template <typename Options>
  static HumanoidParts Of(const Options& options) {
    return {!options.exclude_current_positions_from_observation(),
            options.include_cinert_in_observation(),
            options.include_cvel_in_observation(),
            options.include_qfrc_actuator_in_observation(),
            options.include_cfrc_ext_in_observation()};
  }
};

// The model has a root with six degrees of freedom, which has no actuator.
absl::Status CheckHumanoid(const MujocoModel& model);

// Positions, velocities, then those parts of all bodies but the world.
void ObserveHumanoid(const mjModel& model, const mjData& data,
                     const HumanoidParts& parts, ObservationWriter& out);

// weight * (sum of squared forces on all bodies), clipped.
double ContactForceCost(const mjModel& model, const mjData& data, double weight,
                        double min, double max);

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_HUMANOID_BODY_H_
