// Which MuJoCo the program runs with, for code that must not include it.
#ifndef STARLING_ENVS_MUJOCO_VERSION_H_
#define STARLING_ENVS_MUJOCO_VERSION_H_

#include <string>

namespace starling {

// Of the library that is loaded, such as "3.17.0".
std::string MujocoVersion();

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_VERSION_H_
