// In which fields two messages of one type differ.
#ifndef STARLING_BASE_MESSAGE_DIFF_H_
#define STARLING_BASE_MESSAGE_DIFF_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace starling {

// One difference; values as text format has them, "(not set)" for none.
struct FieldChange {
  // "strategy.ars.step_size"; a oneof whose choice differs is one change, with
  // the oneof's own name: "env.kind".
  std::string path;
  std::string before;
  std::string after;

  // "path: before -> after"
  std::string ToString() const;
};

// In the order in which the fields are declared; empty if the messages are
// equal. Repeated fields are compared as a whole ("[16, 16]"). Presence counts:
// an unset field differs from one that is set to its default; resolve both
// messages first if it should not. CHECK-fails if the types differ.
std::vector<FieldChange> DiffMessages(const google::protobuf::Message& before,
                                      const google::protobuf::Message& after);

}  // namespace starling

#endif  // STARLING_BASE_MESSAGE_DIFF_H_
