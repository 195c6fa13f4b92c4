// Experiment files: text format, then the ranges of their fields.
#include "base/file.h"
#include "base/log.h"
#include "base/text_proto.h"
#include "base/validate.h"
#include "google/protobuf/text_format.h"
#include "proto/experiment.pb.h"
#include "tests/fuzz/fuzz.h"

namespace starling {

bool ParseOne(absl::string_view bytes) {
  v1::Experiment experiment;
  google::protobuf::TextFormat::ParseInfoTree tree;
  if (!ParseTextProto(bytes, "fuzz", &experiment, &tree).ok()) return false;
  const Places places = PlacesOf(experiment, tree, "fuzz");
  if (!RangeViolations(experiment, places).empty()) return false;

  std::string text;
  CHECK(google::protobuf::TextFormat::PrintToString(experiment, &text));
  v1::Experiment again;
  const absl::Status status = ParseTextProto(text, "again", &again);
  CHECK(status.ok()) << status << "\n" << text;
  CHECK(SerializeDeterministically(again) ==
        SerializeDeterministically(experiment))
      << text;
  CHECK(RangeViolations(again, {}).empty()) << text;
  return true;
}

std::vector<std::string> Seeds() {
  return {
      "name: \"pendulum_mlp\" seed: 7\n"
      "env { pendulum {} max_steps: 200 }\n"
      "policy { mlp { hidden: [16, 8] activation: TANH output_scale: 0.5 }\n"
      "         action { squash: TANH } }\n"
      "strategy { openai_es { sigma: 0.05 noise { gaussian {} }\n"
      "  shaping { centered_rank {} } optimizer { adam { step_size: 0.02 } } } "
      "}\n"
      "budget { generations: 3 }\n",
      "name: 'a' env { sphere {} } policy { linear { bias: true } }\n"
      "strategy { ars { num_directions: 4 sigma: 1e-2 top_by: MAX } }\n"
      "normalizer { enabled: false clip: 0 fraction: .5 }\n"
      "rollout { episodes: 2 reward_shift: -1 }\n"
      "budget { env_steps: 18446744073709551615 }\n"
      "evaluation { every: 0 episodes: 1 fresh_episodes: 0 }  # last\n",
  };
}

}  // namespace starling
