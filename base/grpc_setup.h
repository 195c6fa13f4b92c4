// What gRPC needs to be told once in a process.
#ifndef STARLING_BASE_GRPC_SETUP_H_
#define STARLING_BASE_GRPC_SETUP_H_

namespace starling {

// Before the first server or channel; calls after the first do nothing.
// Thread-safe. Costs two threads. Two faults of the system's version 1.51 and
// its Abseil are mended:
//
// - Callbacks keep their threads until the process ends. Else gRPC ends them
//   with the last server or channel, and now and then aborts the process when
//   it does ("assertion failed: prior > 0", a queue released twice), so that a
//   worker which had done all its work would be taken for one that crashed.
// - Abseil's mutexes do not look for deadlocks. Debian builds them so that each
//   lock of each mutex enters one graph, under one lock of the process: a sixth
//   of the processor time of a busy server.
void SetUpGrpc();

}  // namespace starling

#endif  // STARLING_BASE_GRPC_SETUP_H_
