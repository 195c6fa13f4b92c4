// "Did you mean ..?"
#ifndef STARLING_BASE_NEAREST_H_
#define STARLING_BASE_NEAREST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace starling {

// The candidate with the smallest edit distance to `word` (the first among
// equals), or "" if none is near: more than half of the word's letters differ.
std::string Nearest(absl::string_view word,
                    const std::vector<std::string>& candidates);

}  // namespace starling

#endif  // STARLING_BASE_NEAREST_H_
