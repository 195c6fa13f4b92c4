// What the unit of a network does with its sum.
#ifndef STARLING_POLICIES_NODE_OPERATION_H_
#define STARLING_POLICIES_NODE_OPERATION_H_

#include "proto/policy.pb.h"

namespace starling {

// values[0 .. n) <- operation, in place. NaN stays NaN. The same bits on every
// machine of the target.
void Apply(v1::NodeOperation operation, int n, float* values);

}  // namespace starling

#endif  // STARLING_POLICIES_NODE_OPERATION_H_
