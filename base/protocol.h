// What both ends of the wire agree on, beside the messages themselves.
#ifndef STARLING_BASE_PROTOCOL_H_
#define STARLING_BASE_PROTOCOL_H_

#include <algorithm>
#include <cstdint>
#include <string>

namespace starling {

// A worker of another major version is refused; the minor one is for people.
inline constexpr uint32_t kProtocolMajor = 1;
inline constexpr uint32_t kProtocolMinor = 0;

// Limits of one message, and of what a WorkRequest holds.
inline constexpr int kAggregatorMaxMessageBytes = 1 << 20;
inline constexpr int kWorkerMaxMessageBytes = 16 << 20;
inline constexpr int kMaxResultsPerWork = 64;
inline constexpr int kMaxLeasesPerHeartbeat = 4096;
inline constexpr int kMaxStringBytes = 256;
inline constexpr int kMaxNameBytes = 64;
inline constexpr int kMaxSlots = 1024;
inline constexpr int kBlobChunkBytes = 256 << 10;

// A return beyond +-this has diverged: what is computed with it would overflow.
inline constexpr double kLargestReturn = 1e100;

// Both ends ping a silent connection after so long, and give it up so long
// after an unanswered ping.
inline constexpr int kKeepaliveMs = 5'000;
inline constexpr int kKeepaliveTimeoutMs = 3'000;

// Whether `name` may be a worker's: 1 to 64 of [A-Za-z0-9._-].
inline bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace starling

#endif  // STARLING_BASE_PROTOCOL_H_
