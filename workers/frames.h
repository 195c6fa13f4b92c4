// Messages between a slot and its evaluator process: over a stream socket, each
// as 4 bytes of length (little-endian) and so many bytes.
//
// Never blocks by itself: whoever uses it says how to wait, and when to stop
// waiting. A length beyond the limit is an error before any memory is had for
// it. Not thread-safe.
#ifndef STARLING_WORKERS_FRAMES_H_
#define STARLING_WORKERS_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"

namespace starling {

class FrameSocket {
 public:
  // Waits until the socket can be read (POLLIN) or written (POLLOUT). False:
  // there is no point in waiting any longer.
  using Wait = std::function<bool(short events)>;

  // `fd` is the caller's to close. `max_bytes`: of a message that comes in.
  FrameSocket(int fd, size_t max_bytes, Wait wait);

  // Unavailable: the other end has gone; Cancelled: waited no longer; DataLoss:
  // too long, or no such message. After an error the socket is of no use.
  absl::Status Send(const google::protobuf::MessageLite& message);
  absl::Status Receive(google::protobuf::MessageLite* message);

 private:
  absl::Status Write(const char* data, size_t size);
  absl::Status Read(char* data, size_t size);

  const int fd_;
  const size_t max_bytes_;
  const Wait wait_;
  std::string buffer_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_FRAMES_H_
