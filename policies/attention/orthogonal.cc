#include "policies/attention/orthogonal.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace starling {
namespace {

// [rows, d] standard normals, row by row.
Eigen::MatrixXd Normals(int rows, int d, Rng* rng) {
  Eigen::MatrixXd normals(rows, d);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < d; ++j) normals(i, j) = rng->Normal();
  }
  return normals;
}

// A rotation or reflection of R^d, uniform over all of them.
Eigen::MatrixXd HaarOrthogonal(int d, Rng* rng) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(Normals(d, d, rng));
  Eigen::MatrixXd q = qr.householderQ();
  for (int j = 0; j < d; ++j) {
    if (qr.matrixQR()(j, j) < 0) q.col(j) = -q.col(j);
  }
  return q;
}

}  // namespace

Eigen::MatrixXd RandomRows(int m, int d, bool orthogonal,
                           v1::Projections::Length length, Rng* rng) {
  CHECK_GE(m, 1);
  CHECK_GE(d, 1);
  Eigen::MatrixXd rows(m, d);
  if (!orthogonal) {
    rows = Normals(m, d, rng);
    if (length == v1::Projections::SQRT_D) {
      for (int i = 0; i < m; ++i)
        rows.row(i) *= std::sqrt(d) / rows.row(i).norm();
    }
    return rows;
  }
  for (int first = 0; first < m; first += d) {
    const int count = std::min(d, m - first);
    rows.middleRows(first, count) =
        HaarOrthogonal(d, rng).transpose().topRows(count);
  }
  for (int i = 0; i < m; ++i) {
    rows.row(i) *= length == v1::Projections::SQRT_D
                       ? std::sqrt(d)
                       : Normals(1, d, rng).norm();
  }
  return rows;
}

}  // namespace starling
