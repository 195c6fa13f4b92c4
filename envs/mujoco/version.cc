#include "envs/mujoco/version.h"

#include <mujoco/mujoco.h>

namespace starling {

std::string MujocoVersion() { return mj_versionString(); }

}  // namespace starling
