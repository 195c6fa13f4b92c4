// What may stand between a worker and its aggregator, in words for people: gRPC
// says "Socket closed" where a certificate was refused.
#ifndef STARLING_WORKERS_PROBABLE_CAUSES_H_
#define STARLING_WORKERS_PROBABLE_CAUSES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace starling {

struct ContactWay {
  // "unix:PATH" or "HOST:PORT".
  std::string address;
  // What the worker shows who it is with; "": it speaks plain text.
  std::string tls_folder;
  // Where the address was read; "": it was given.
  std::string endpoint_file;
};

// Sentences, without a space at either end. `reason` is gRPC's message on the
// last attempt to connect, or "". Looks at the worker's own files, whose dates
// may have passed since it began.
std::string ProbableCauses(absl::string_view reason, const ContactWay& way);

}  // namespace starling

#endif  // STARLING_WORKERS_PROBABLE_CAUSES_H_
