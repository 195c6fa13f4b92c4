// An exported policy as C99: one header and one source, for whatever runs on
// the robot.
#ifndef STARLING_DEPLOY_EXPORT_C_SOURCE_H_
#define STARLING_DEPLOY_EXPORT_C_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/model.pb.h"

namespace starling {

struct CSource {
  std::string header;
  std::string source;
  // Constants.
  int64_t data_bytes = 0;
  // At most, on a Cortex-M4 or M7 with gcc 12 at -Os or -O2: constants and
  // code; stack. It has no other memory.
  int64_t flash_bytes = 0;
  int64_t stack_bytes = 0;
};

// `name` is a C identifier: files are name.h and name.c, and the function is
//
//   void name_act(const float state[NAME_STATE_SIZE],
//                 float action[NAME_ACTION_SIZE]);
//
// It answers as PortablePolicy does with the same model, bit for bit, where
// float arithmetic is that of IEEE 754 without contraction (-ffp-contract=off,
// the default of -std=c99 in gcc). No heap, no static variable, no header but
// stdint.h and string.h. The errors of
// PortablePolicy::Create.
absl::StatusOr<CSource> WriteC(const v1::ExportedPolicy& model,
                               const std::string& name);

// The letters, digits and underscores of `text`, as an identifier in lower
// case.
std::string CIdentifier(const std::string& text);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_C_SOURCE_H_
