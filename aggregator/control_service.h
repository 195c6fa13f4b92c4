// The gRPC face that operators see: the service starling.v1.Control.
//
// Knows the wire, who may call what, and nothing of training: GetStatus reads
// the snapshot, everything else is the coordinator's. Thread-safe.
#ifndef STARLING_AGGREGATOR_CONTROL_SERVICE_H_
#define STARLING_AGGREGATOR_CONTROL_SERVICE_H_

#include <memory>

#include "aggregator/access.h"
#include "aggregator/coordinator.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace starling {

// To be registered with the server; `coordinator` and `access` outlive it.
// Viewers may look, operators may also steer.
std::unique_ptr<grpc::Service> NewControlService(Coordinator* coordinator,
                                                 Access* access);

// The snapshot as people ask for it.
v1::StatusReply ToStatusReply(const Snapshot& snapshot,
                              const v1::Experiment& experiment);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_CONTROL_SERVICE_H_
