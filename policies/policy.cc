#include "policies/policy.h"

#include <numeric>

namespace starling {

const SearchSpace& Policy::search_space() const {
  static const auto* const nothing = new SearchSpace;
  return *nothing;
}

absl::Status Policy::SetArchitecture(const v1::Architecture& architecture) {
  if (architecture.encoding().empty()) {
    return absl::OkStatus();
  }
  return search_space().Decode(architecture).status();
}

absl::StatusOr<std::vector<std::vector<double>>> Policy::Importances(
    ConstVectorRef) const {
  return absl::InvalidArgumentError(
      "this policy has no sets of edges that could be told by their weights; "
      "use edge_pruned with global, per_layer or residual edges, and no "
      "operations");
}

std::vector<int> Policy::ActiveParameters() const {
  std::vector<int> all(num_parameters());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

absl::Status Policy::Export(v1::ExportedPolicy* model) const {
  return absl::UnimplementedError("");
}

}  // namespace starling
