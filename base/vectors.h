// Short names of the vector arguments that cross interfaces.
//
// Linking this library also fixes Eigen's cache sizes before main: Eigen would
// read them from the CPU and block its products by them, and so give other bits
// on another machine.
#ifndef STARLING_BASE_VECTORS_H_
#define STARLING_BASE_VECTORS_H_

#include <Eigen/Core>

namespace starling {

using VectorRef = Eigen::Ref<Eigen::VectorXf>;
using ConstVectorRef = const Eigen::Ref<const Eigen::VectorXf>&;

}  // namespace starling

#endif  // STARLING_BASE_VECTORS_H_
