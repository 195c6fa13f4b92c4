#include "workers/frames.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr size_t kHeaderBytes = 4;

bool MustWait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

FrameSocket::FrameSocket(int fd, size_t max_bytes, Wait wait)
    : fd_(fd), max_bytes_(max_bytes), wait_(std::move(wait)) {}

absl::Status FrameSocket::Send(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  if (size > INT32_MAX) {
    return absl::DataLossError(
        absl::StrCat("a message of ", size, " bytes is too long to send"));
  }
  buffer_.resize(kHeaderBytes + size);
  for (size_t i = 0; i < kHeaderBytes; ++i) {
    buffer_[i] = static_cast<char>(size >> (8 * i) & 0xff);
  }
  message.SerializeWithCachedSizesToArray(
      reinterpret_cast<uint8_t*>(buffer_.data() + kHeaderBytes));
  return Write(buffer_.data(), buffer_.size());
}

absl::Status FrameSocket::Receive(google::protobuf::MessageLite* message) {
  unsigned char header[kHeaderBytes];
  RETURN_IF_ERROR(Read(reinterpret_cast<char*>(header), kHeaderBytes));
  size_t size = 0;
  for (size_t i = 0; i < kHeaderBytes; ++i) {
    size |= static_cast<size_t>(header[i]) << (8 * i);
  }
  if (size > max_bytes_) {
    return absl::DataLossError(absl::StrCat("a message of ", size,
                                            " bytes; at most ", max_bytes_));
  }
  buffer_.resize(size);
  RETURN_IF_ERROR(Read(buffer_.data(), size));
  if (message->ParseFromArray(buffer_.data(), static_cast<int>(size))) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(size, " bytes are no ", message->GetTypeName()));
}

absl::Status FrameSocket::Write(const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = send(fd_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      data += n;
      size -= static_cast<size_t>(n);
    } else if (n < 0 && MustWait(errno)) {
      if (!wait_(POLLOUT)) return absl::CancelledError("waited no longer");
    } else if (n < 0 && errno != EINTR) {
      return absl::UnavailableError(strerror(errno));
    }
  }
  return absl::OkStatus();
}

absl::Status FrameSocket::Read(char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = recv(fd_, data, size, MSG_DONTWAIT);
    if (n > 0) {
      data += n;
      size -= static_cast<size_t>(n);
    } else if (n == 0) {
      return absl::UnavailableError("the other end has gone");
    } else if (MustWait(errno)) {
      if (!wait_(POLLIN)) return absl::CancelledError("waited no longer");
    } else if (errno != EINTR) {
      return absl::UnavailableError(strerror(errno));
    }
  }
  return absl::OkStatus();
}

}  // namespace starling
