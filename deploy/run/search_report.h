// What a search has come to, for people.
#ifndef STARLING_DEPLOY_RUN_SEARCH_REPORT_H_
#define STARLING_DEPLOY_RUN_SEARCH_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/experiment.pb.h"

namespace starling {

// Lines of text: the architecture that was chosen, what it costs beside the
// policy without a search, and what it returns. `run` is the directory of a
// search that is finished; the errors of LoadPolicy otherwise.
absl::StatusOr<std::string> ReportSearch(const std::string& run);

// The experiment that trains what the search in `run` has chosen, from scratch.
absl::StatusOr<v1::Experiment> RetrainingOf(const std::string& run);

}  // namespace starling

#endif  // STARLING_DEPLOY_RUN_SEARCH_REPORT_H_
