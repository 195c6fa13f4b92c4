// The functions of base/math as C99, for exports: the same operations in the
// same order, so the same bits.
#ifndef STARLING_DEPLOY_EXPORT_C_MATH_H_
#define STARLING_DEPLOY_EXPORT_C_MATH_H_

#include <set>
#include <string>

#include "proto/model.pb.h"

namespace starling {

// C99 source of `static void apply_<operation>(float *x, int n)` for each of
// these operations, with what they need; nothing for IDENTITY. It includes no
// header and needs stdint.h and string.h.
std::string CMath(const std::set<v1::NetworkLayer::Operation>& operations);

// "tanh" of TANH, as in the name of its function.
std::string COperationName(v1::NetworkLayer::Operation operation);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_C_MATH_H_
