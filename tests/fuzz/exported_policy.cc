// Exported policies, as a robot loads them, acting.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text_proto.h"
#include "policies/portable/portable_policy.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

// What is acted on is small; a huge matrix of nothing would only take time.
constexpr int64_t kMostProducts = 1 << 20;

v1::ExportedPolicy Example(const std::string& layers) {
  v1::ExportedPolicy model;
  const absl::Status status = ParseTextProto(absl::StrCat(R"(
        format_version: 1
        contract { observations { name: "hip" } observations { name: "knee" }
                   actions { name: "torque" low: -1 high: 1 } }
        whitening { mean: 0.5 mean: 1 scale: 2 scale: 0 clip: 5 }
        head { kind: CLIP low: -1 high: 1 }
      )",
                                                          layers),
                                             "example", &model);
  CHECK(status.ok()) << status;
  return model;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::ExportedPolicy model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return false;
  }
  auto policy = PortablePolicy::Create(model);
  if (!policy.ok()) return false;
  if (policy->num_products() > kMostProducts) return true;
  Eigen::VectorXf action(policy->action_size());
  for (const float value : {0.0f, 1.0f, -3e38f, std::nanf("")}) {
    policy->Act(Eigen::VectorXf::Constant(policy->state_size(), value), action);
    for (int i = 0; i < action.size(); ++i) {
      if (std::isnan(action[i])) continue;
      CHECK_GE(action[i], model.head().low(i));
      CHECK_LE(action[i], model.head().high(i));
    }
  }
  return true;
}

std::vector<std::string> Seeds() {
  return {
      SerializeDeterministically(Example(R"(
        layers { rows: 2 operation: TANH dense { num_values: 2 }
                 weights { float32 { values: 1 values: 2 values: 3 values: 4 } }
                 offsets: 0.25 offsets: 0.5 }
        layers { rows: 1 operation: IDENTITY
                 sparse { row_lengths: 2 values: 1 values: 3 }
                 weights { int8 { values: "\177\200" scales: 0.01 } } })")),
      SerializeDeterministically(Example(R"(
        layers { rows: 1 operation: RECIPROCAL dense { num_values: 2 }
                 weights { float16 { values: "\000\074\000\300" } } })")),
      SerializeDeterministically(Example(R"(
        layers { rows: 1 operation: EXP dense { num_values: 2 }
                 weights { shared { table: 1 table: -2 bits: 1
                                    indices: "\002" } } })")),
  };
}

}  // namespace starling
