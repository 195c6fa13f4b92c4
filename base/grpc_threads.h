// Threads that gRPC's callbacks run on.
#ifndef STARLING_BASE_GRPC_THREADS_H_
#define STARLING_BASE_GRPC_THREADS_H_

namespace starling {

// Keeps them until the process ends. Without this gRPC ends them with the last
// server or channel, and version 1.51 now and then aborts the process when it
// does ("assertion failed: prior > 0", a queue released twice), so that a
// worker which had done all its work would be taken for one that crashed. Calls
// after the first do nothing. Thread-safe; the first costs two threads.
void KeepGrpcThreads();

}  // namespace starling

#endif  // STARLING_BASE_GRPC_THREADS_H_
