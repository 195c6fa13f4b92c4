// The rules of who may include what, applied to the text of a source file.
//
//   deploy, tests  ->  everything below; nothing includes them
//   aggregator     ->  policies  nas   base  proto
//   workers        ->  policies  envs  base  proto
//   policies | envs | nas  ->  base  proto
//   base           ->  proto
//
// Bazel's visibility makes most wrong includes a build error; this also sees
// what visibility cannot: system libraries, names of classes, and a BUILD file
// that opens itself to a folder that should not look.
#ifndef STARLING_TESTS_LAYERING_LAYERS_H_
#define STARLING_TESTS_LAYERING_LAYERS_H_

#include <string>
#include <vector>

namespace starling {

// What is wrong with the file `path` ("base/rng.cc", "envs/BUILD") that holds
// `text`: one line each, empty if nothing is.
std::vector<std::string> LayerViolations(const std::string& path,
                                         const std::string& text);

}  // namespace starling

#endif  // STARLING_TESTS_LAYERING_LAYERS_H_
