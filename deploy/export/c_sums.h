// Sums of products in exported C.
#ifndef STARLING_DEPLOY_EXPORT_C_SUMS_H_
#define STARLING_DEPLOY_EXPORT_C_SUMS_H_

#include <cstddef>
#include <string>

#include "proto/model.pb.h"

namespace starling {

// An expression for weight `p` of the array `w`; of shared weights, by way of
// the array `table`.
std::string CWeightAt(const v1::Weights& weights, const std::string& w,
                      const std::string& table, const std::string& p);

// A function that writes to y the sums of `rows` rows over n values x, each in
// eight lanes as DenseInputs says, without an int8's scales:
//
//   static void NAME(const TYPE *w, const float *x, int n, float *y)
//
// Weights stand value by value, row by row; those of a table stand row by row,
// and `const float *t, int p`, the table and the first row's first product,
// come after w. The name tells form and rows.
std::string CBlockName(const v1::Weights& weights, size_t rows);
std::string CBlockSums(const v1::Weights& weights, size_t rows);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_C_SUMS_H_
