// A part of a measurement in a process of its own, so that its memory and its
// processor time can be told from those of the other parts.
//
//   ASSIGN_OR_RETURN(auto server, ChildProcess::Start([](ChildPipe& parent) {
//     parent.Send("127.0.0.1:4242");
//     parent.AwaitClose();
//     return "served 7";          // or an error
//   }));
//   ASSIGN_OR_RETURN(std::string address, server->Receive());
//   ASSIGN_OR_RETURN(std::string report, server->Finish());
//
// The child is a fork without another program: it knows what the parent knew.
// Only a process with one thread may make one (gRPC must not have been used).
// A child ends with its parent, even if that is killed.
#ifndef STARLING_DEPLOY_BENCH_CHILD_PROCESS_H_
#define STARLING_DEPLOY_BENCH_CHILD_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace starling {

// The child's end. Not thread-safe.
class ChildPipe {
 public:
  ChildPipe(int in, int out) : in_(in), out_(out) {}
  // A message for the parent's Receive.
  void Send(const std::string& message);
  // Until the parent calls Finish.
  void AwaitClose();

 private:
  friend class ChildProcess;
  void SendStatus(const absl::StatusOr<std::string>& message);

  const int in_;
  const int out_;
};

// Not thread-safe.
class ChildProcess {
 public:
  // What a child does; its answer is the last message.
  using Body = std::function<absl::StatusOr<std::string>(ChildPipe& parent)>;

  // FailedPrecondition: this process has other threads; Unavailable: no process
  // could be had.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const Body& body);
  // Kills a child that has not finished.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next message. The child's error, where it has failed; Internal, saying
  // how it ended, where it is gone.
  absl::StatusOr<std::string> Receive();
  // Lets AwaitClose return, and waits for the last message and the end.
  absl::StatusOr<std::string> Finish();

  pid_t pid() const { return pid_; }

 private:
  ChildProcess(pid_t pid, int in, int out) : pid_(pid), in_(in), out_(out) {}
  void CloseOut();

  pid_t pid_;
  const int in_;
  int out_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_CHILD_PROCESS_H_
