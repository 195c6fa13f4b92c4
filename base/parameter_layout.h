// How a policy's parameter vector divides into named matrices.
#ifndef STARLING_BASE_PARAMETER_LAYOUT_H_
#define STARLING_BASE_PARAMETER_LAYOUT_H_

#include <string>
#include <vector>

namespace starling {

// One matrix, stored row by row; vectors have cols = 1.
struct ParameterBlock {
  std::string name;
  int offset;
  int rows;
  int cols;
};

// Blocks in order, without gaps: their sizes sum to the number of parameters.
using ParameterLayout = std::vector<ParameterBlock>;

}  // namespace starling

#endif  // STARLING_BASE_PARAMETER_LAYOUT_H_
