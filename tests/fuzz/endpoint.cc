// Endpoint files, from which a worker learns where its aggregator is.
#include "aggregator/run_directory.h"
#include "base/file.h"
#include "base/log.h"
#include "google/protobuf/text_format.h"
#include "tests/fuzz/fuzz.h"

namespace starling {

bool ParseOne(absl::string_view bytes) {
  const absl::StatusOr<v1::RunEndpoint> endpoint = ParseEndpoint(bytes, "fuzz");
  if (!endpoint.ok()) return false;
  std::string text;
  CHECK(google::protobuf::TextFormat::PrintToString(*endpoint, &text));
  const absl::StatusOr<v1::RunEndpoint> again = ParseEndpoint(text, "again");
  CHECK(again.ok()) << again.status();
  CHECK(SerializeDeterministically(*again) ==
        SerializeDeterministically(*endpoint))
      << text;
  return true;
}

std::vector<std::string> Seeds() {
  return {"address: \"unix:/tmp/a b\\n.sock\"\nrun: \"half_cheetah\"\n",
          "address: '[::1]:7070' # here\n"};
}

}  // namespace starling
