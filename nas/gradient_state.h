// What controllers that follow a gradient save: their parameters and Adam's
// memory.
#ifndef STARLING_NAS_GRADIENT_STATE_H_
#define STARLING_NAS_GRADIENT_STATE_H_

#include <Eigen/Core>
#include <string>

#include "absl/status/status.h"
#include "base/adam.h"
#include "base/search_space.h"

namespace starling {

std::string SaveGradientState(const SearchSpace& space,
                              const Eigen::VectorXd& parameters,
                              const Adam& adam);
// DataLoss, changing nothing, if `state` is not one of this space and of these
// sizes, or holds what is not finite.
absl::Status RestoreGradientState(const SearchSpace& space,
                                  const std::string& state,
                                  Eigen::VectorXd* parameters, Adam* adam);

}  // namespace starling

#endif  // STARLING_NAS_GRADIENT_STATE_H_
