// What the engine's numbers are called, for contracts of exported policies.
#ifndef STARLING_ENVS_MUJOCO_NUMBER_NAMES_H_
#define STARLING_ENVS_MUJOCO_NUMBER_NAMES_H_

#include <mujoco/mujoco.h>

#include "proto/env.pb.h"

namespace starling {

// Of the number at `source`, by where in `data` it lies: "rootz/position" in m,
// "bthigh/velocity" in rad/s. No name: it is none of the arrays that tasks
// observe, or `source` is null.
v1::NumberName NameOf(const mjModel& model, const mjData& data,
                      const double* source);

// Of an actuator, by its own name or by what it moves. Without a unit: what a
// control means depends on the actuator.
v1::NumberName NameOfActuator(const mjModel& model, int actuator);

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_NUMBER_NAMES_H_
