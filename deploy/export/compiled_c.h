// What exported C answers: it is compiled and run.
#ifndef STARLING_DEPLOY_EXPORT_COMPILED_C_H_
#define STARLING_DEPLOY_EXPORT_COMPILED_C_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "deploy/export/c_source.h"

namespace starling {

// The actions, one after the other, to `num_states` raw states, by this
// machine's C compiler: $CC, or else cc, with every warning an error.
// FailedPrecondition: there is no compiler; Internal: it refuses the source
// (with what it says), or the program fails.
absl::StatusOr<std::vector<float>> RunC(const CSource& source,
                                        const std::string& name,
                                        const std::vector<float>& states,
                                        int num_states, int action_size);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_COMPILED_C_H_
