// SHA-256.
#ifndef STARLING_BASE_DIGEST_H_
#define STARLING_BASE_DIGEST_H_

#include <string>

#include "absl/strings/string_view.h"

namespace starling {

// 32 raw bytes.
std::string Sha256(absl::string_view data);

// Lower-case hexadecimal digits of `bytes`.
std::string Hex(absl::string_view bytes);

}  // namespace starling

#endif  // STARLING_BASE_DIGEST_H_
