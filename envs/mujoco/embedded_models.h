// The official model files, byte for byte, inside the program: it needs no
// search path and no file at run time. The table itself is generated when the
// program is built.
#ifndef STARLING_ENVS_MUJOCO_EMBEDDED_MODELS_H_
#define STARLING_ENVS_MUJOCO_EMBEDDED_MODELS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace starling {

struct EmbeddedModel {
  absl::string_view name;   // "half_cheetah.xml"
  absl::string_view bytes;  // MJCF
};

// Sorted by name.
absl::Span<const EmbeddedModel> EmbeddedModels();

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_EMBEDDED_MODELS_H_
