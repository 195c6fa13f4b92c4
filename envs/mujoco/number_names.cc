#include "envs/mujoco/number_names.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

constexpr const char* kAxes[] = {"x", "y", "z"};

// The name in the model, or a number.
std::string Called(const mjModel& model, mjtObj kind, int id,
                   const char* otherwise) {
  const char* name = mj_id2name(&model, kind, id);
  return name != nullptr && *name != 0 ? name : absl::StrCat(otherwise, id);
}

v1::NumberName Name(const std::string& what, const std::string& which,
                    const std::string& unit) {
  v1::NumberName name;
  name.set_name(absl::StrCat(what, "/", which));
  name.set_unit(unit);
  return name;
}

std::string Joint(const mjModel& model, int joint) {
  return Called(model, mjOBJ_JOINT, joint, "joint");
}
std::string Body(const mjModel& model, int body) {
  return Called(model, mjOBJ_BODY, body, "body");
}

v1::NumberName Position(const mjModel& model, int index) {
  int joint = 0;
  while (joint + 1 < model.njnt && model.jnt_qposadr[joint + 1] <= index) {
    ++joint;
  }
  const int part = index - model.jnt_qposadr[joint];
  const std::string name = Joint(model, joint);
  constexpr const char* kQuaternion[] = {"w", "x", "y", "z"};
  switch (model.jnt_type[joint]) {
    case mjJNT_FREE:
      return part < 3
                 ? Name(name, absl::StrCat("position_", kAxes[part]), "m")
                 : Name(name,
                        absl::StrCat("orientation_", kQuaternion[part - 3]),
                        "");
    case mjJNT_BALL:
      return Name(name, absl::StrCat("orientation_", kQuaternion[part]), "");
    case mjJNT_SLIDE:
      return Name(name, "position", "m");
    default:
      return Name(name, "position", "rad");
  }
}

// Of a number that belongs to a degree of freedom: its name, and the units for
// a sliding and a turning one.
v1::NumberName OfFreedom(const mjModel& model, int index, const char* what,
                         const char* sliding, const char* turning) {
  const int joint = model.dof_jntid[index];
  const int part = index - model.jnt_dofadr[joint];
  const std::string name = Joint(model, joint);
  switch (model.jnt_type[joint]) {
    case mjJNT_FREE:
      return part < 3
                 ? Name(name, absl::StrCat(what, "_", kAxes[part]), sliding)
                 : Name(name,
                        absl::StrCat("angular_", what, "_", kAxes[part - 3]),
                        turning);
    case mjJNT_BALL:
      return Name(name, absl::StrCat("angular_", what, "_", kAxes[part]),
                  turning);
    case mjJNT_SLIDE:
      return Name(name, what, sliding);
    default:
      return Name(name, what, turning);
  }
}

// Of six numbers a body, rotation first.
v1::NumberName Spatial(const mjModel& model, int index, const char* turning,
                       const char* turning_unit, const char* moving,
                       const char* moving_unit) {
  const int part = index % 6;
  const std::string body = Body(model, index / 6);
  return part < 3
             ? Name(body, absl::StrCat(turning, "_", kAxes[part]), turning_unit)
             : Name(body, absl::StrCat(moving, "_", kAxes[part - 3]),
                    moving_unit);
}

}  // namespace

v1::NumberName NameOf(const mjModel& model, const mjData& data,
                      const double* source) {
  // Index in an array of so many numbers, -1: not there.
  const auto in = [source](const double* array, int size) {
    if (source == nullptr || source < array || source >= array + size) {
      return -1;
    }
    return static_cast<int>(source - array);
  };
  if (const int i = in(data.qpos, model.nq); i >= 0) return Position(model, i);
  if (const int i = in(data.qvel, model.nv); i >= 0) {
    return OfFreedom(model, i, "velocity", "m/s", "rad/s");
  }
  if (const int i = in(data.qfrc_actuator, model.nv); i >= 0) {
    return OfFreedom(model, i, "actuator_force", "N", "N m");
  }
  if (const int i = in(data.qfrc_constraint, model.nv); i >= 0) {
    return OfFreedom(model, i, "constraint_force", "N", "N m");
  }
  if (const int i = in(data.cinert, 10 * model.nbody); i >= 0) {
    return Name(Body(model, i / 10), absl::StrCat("inertia_", i % 10), "");
  }
  if (const int i = in(data.cvel, 6 * model.nbody); i >= 0) {
    return Spatial(model, i, "angular_velocity", "rad/s", "velocity", "m/s");
  }
  if (const int i = in(data.cfrc_ext, 6 * model.nbody); i >= 0) {
    return Spatial(model, i, "external_torque", "N m", "external_force", "N");
  }
  if (const int i = in(data.xpos, 3 * model.nbody); i >= 0) {
    return Name(Body(model, i / 3), absl::StrCat("position_", kAxes[i % 3]),
                "m");
  }
  return {};
}

v1::NumberName NameOfActuator(const mjModel& model, int actuator) {
  v1::NumberName name;
  const char* const own = mj_id2name(&model, mjOBJ_ACTUATOR, actuator);
  if (own != nullptr && *own != 0) {
    name.set_name(own);
  } else if (model.actuator_trntype[actuator] == mjTRN_JOINT) {
    name.set_name(Joint(model, model.actuator_trnid[2 * actuator]));
  } else {
    name.set_name(absl::StrCat("actuator", actuator));
  }
  return name;
}

}  // namespace starling
