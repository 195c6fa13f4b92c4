// gRPC's own messages, in the program's log.
#ifndef STARLING_BASE_GRPC_LOG_H_
#define STARLING_BASE_GRPC_LOG_H_

namespace starling {

// From now on gRPC's errors are warnings of the log, each kind of them at most
// once a minute with the number of those left out: a peer that can't connect
// tries for ever, and must not fill the disk. Calls after the first do nothing.
// Thread-safe.
void RouteGrpcLog();

}  // namespace starling

#endif  // STARLING_BASE_GRPC_LOG_H_
