// Random rows to project on.
#ifndef STARLING_POLICIES_ATTENTION_ORTHOGONAL_H_
#define STARLING_POLICIES_ATTENTION_ORTHOGONAL_H_

#include <Eigen/Core>

#include "base/rng.h"
#include "proto/attention.pb.h"

namespace starling {

// [m, d], m and d >= 1. Each row alone is N(0, I_d) with the length CHI, and of
// length sqrt(d) with SQRT_D. Orthogonal ones come in independent blocks of d
// rows, each a Haar-distributed rotation (normal rows made orthonormal), the
// last block cut; lengths are drawn apart from directions. The same bits
// everywhere. O(m d^2).
// Paper: "Rethinking Attention with Performers".
Eigen::MatrixXd RandomRows(int m, int d, bool orthogonal,
                           v1::Projections::Length length, Rng* rng);

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_ORTHOGONAL_H_
