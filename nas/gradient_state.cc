#include "nas/gradient_state.h"

#include <utility>

#include "base/saved_vector.h"
#include "base/status.h"
#include "proto/controller_state.pb.h"

namespace starling {

std::string SaveGradientState(const SearchSpace& space,
                              const Eigen::VectorXd& parameters,
                              const Adam& adam) {
  v1::GradientControllerState state;
  state.set_space(space.fingerprint());
  SaveVector(parameters, state.mutable_parameters());
  *state.mutable_adam() = adam.Save();
  return state.SerializeAsString();
}

absl::Status RestoreGradientState(const SearchSpace& space,
                                  const std::string& state,
                                  Eigen::VectorXd* parameters, Adam* adam) {
  v1::GradientControllerState saved;
  if (!saved.ParseFromString(state)) {
    return absl::DataLossError("the saved controller is damaged");
  }
  if (saved.space() != space.fingerprint()) {
    return absl::DataLossError(
        "the saved controller searches another space than this one");
  }
  Eigen::VectorXd restored(parameters->size());
  RETURN_IF_ERROR(
      RestoreVector(saved.parameters(), "controller parameters", &restored));
  RETURN_IF_ERROR(adam->Restore(saved.adam()));
  *parameters = std::move(restored);
  return absl::OkStatus();
}

}  // namespace starling
