#include "policies/attention/orthogonal.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace starling {
namespace {

using Rows =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// [count, d] standard normals, row by row.
Rows Normals(int count, int d, Rng* rng) {
  Rows normals(count, d);
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < d; ++j) normals(i, j) = rng->Normal();
  }
  return normals;
}

// In order: the same sum on every machine.
double DotOf(const double* x, const double* y, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

double Length(const double* x, int n) { return std::sqrt(DotOf(x, x, n)); }

// The first rows of a rotation or reflection of R^d that is uniform over all of
// them: normal rows made orthonormal by Gram and Schmidt, each of them twice,
// for rounding leaves too much after one time.
Rows HaarRows(int count, int d, Rng* rng) {
  Rows rows = Normals(count, d, rng);
  for (int i = 0; i < count; ++i) {
    double* const row = &rows(i, 0);
    for (int time = 0; time < 2; ++time) {
      for (int j = 0; j < i; ++j) {
        const double* const other = &rows(j, 0);
        const double share = DotOf(row, other, d);
        for (int k = 0; k < d; ++k) row[k] -= share * other[k];
      }
      const double length = Length(row, d);
      for (int k = 0; k < d; ++k) row[k] /= length;
    }
  }
  return rows;
}

}  // namespace

Eigen::MatrixXd RandomRows(int m, int d, bool orthogonal,
                           v1::Projections::Length length, Rng* rng) {
  CHECK_GE(m, 1);
  CHECK_GE(d, 1);
  const bool is_fixed = length == v1::Projections::SQRT_D;
  Rows rows(m, d);
  for (int first = 0; first < m; first += d) {
    const int count = std::min(d, m - first);
    rows.middleRows(first, count) =
        orthogonal ? HaarRows(count, d, rng) : Normals(count, d, rng);
  }
  for (int i = 0; i < m; ++i) {
    if (!orthogonal && !is_fixed) break;
    const double now = orthogonal ? 1 : Length(&rows(i, 0), d);
    const double wanted =
        is_fixed ? std::sqrt(d) : Length(Normals(1, d, rng).data(), d);
    rows.row(i) *= wanted / now;
  }
  return rows;
}

}  // namespace starling
