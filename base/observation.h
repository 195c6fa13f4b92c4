// What an environment shows and a policy sees: views, no copies.
#ifndef STARLING_BASE_OBSERVATION_H_
#define STARLING_BASE_OBSERVATION_H_

#include <Eigen/Core>
#include <cstdint>

namespace starling {

// Rows of pixels, [height, width, channels], no padding. Null data: no image.
struct ImageView {
  const uint8_t* data = nullptr;
  int height = 0;
  int width = 0;
  int channels = 0;
};

// Either part may be empty. Valid until the environment's next Reset or Step.
struct Observation {
  Eigen::Map<const Eigen::VectorXf> state{nullptr, 0};
  ImageView image;
};

}  // namespace starling

#endif  // STARLING_BASE_OBSERVATION_H_
