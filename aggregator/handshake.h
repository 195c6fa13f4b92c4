// Whether a worker can serve this run: equal protocol, equal environment, equal
// bits.
#ifndef STARLING_AGGREGATOR_HANDSHAKE_H_
#define STARLING_AGGREGATOR_HANDSHAKE_H_

#include "absl/status/status.h"
#include "proto/env.pb.h"
#include "proto/work.pb.h"

namespace starling {

// FailedPrecondition, naming both sides' values, if the protocol's major
// number, the environment or the fingerprint differ; InvalidArgument for a
// request that no worker makes. A question (no env_spec) is judged by its
// protocol alone.
absl::Status CheckHandshake(const v1::RegisterRequest& request,
                            const v1::EnvSpec& env_spec,
                            const v1::Fingerprint& fingerprint);

// The part of CheckHandshake about bits; `here` and `there` name the sides.
absl::Status CompareFingerprints(const v1::Fingerprint& a, const char* here,
                                 const v1::Fingerprint& b, const char* there);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_HANDSHAKE_H_
