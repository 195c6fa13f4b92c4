// Still pictures.
//
// Links OpenCV's codecs, which load many libraries: for small programs and
// verbs that need them, not for the hot path.
#ifndef STARLING_DEPLOY_MEDIA_PNG_H_
#define STARLING_DEPLOY_MEDIA_PNG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace starling {

// Writes rgb [height, width, 3], top row first, as a PNG file: complete or not
// at all. InvalidArgument for a size below 1; otherwise the errors of
// WriteFileAtomically.
absl::Status WritePng(const std::string& path, const uint8_t* rgb, int height,
                      int width);

}  // namespace starling

#endif  // STARLING_DEPLOY_MEDIA_PNG_H_
