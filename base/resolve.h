// Writes every default of a configuration message explicitly.
//
// Two experiments that mean the same resolve to the same message, so a digest
// of the resolved one stays the same when a default is spelled out, and a
// stored one keeps its meaning when a default changes later.
#ifndef STARLING_BASE_RESOLVE_H_
#define STARLING_BASE_RESOLVE_H_

#include <utility>

#include "google/protobuf/message.h"

namespace starling {

// Sets each unset scalar field to its default and each unset singular message
// to a resolved empty one, at every depth. Oneofs stay as they are, because to
// set a member is to choose it; the message that is chosen is resolved. So a
// field outside a oneof can't give a meaning to its absence. Repeated fields
// keep their elements, messages among them resolved. Idempotent.
//
// CHECK-fails on a message type that contains itself (outside a oneof or a
// repeated field), which has no finite resolved form.
void ResolveInPlace(google::protobuf::Message* message);

template <typename Message>
Message Resolve(Message message) {
  ResolveInPlace(&message);
  return message;
}

}  // namespace starling

#endif  // STARLING_BASE_RESOLVE_H_
