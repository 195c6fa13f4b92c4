#include "policies/attention/exact_attention.h"

#include <algorithm>
#include <limits>

#include "base/linalg.h"
#include "base/log.h"
#include "base/math.h"

namespace starling {
namespace {

constexpr Eigen::Index kRows = 64, kColumns = 256;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

// Scores of a tile; where causal, those of later keys are -infinity.
void Scores(TokensRef q, TokensRef k, Eigen::Index first_query,
            Eigen::Index first_key, float scale, bool causal,
            TokenMatrix<float>* scores) {
  const Eigen::Index rows = std::min(kRows, q.rows() - first_query);
  const Eigen::Index columns = std::min(kColumns, k.rows() - first_key);
  scores->resize(rows, columns);
  scores->noalias() = q.middleRows(first_query, rows) *
                      k.middleRows(first_key, columns).transpose();
  *scores *= scale;
  if (!causal) return;
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < columns; ++j) {
      if (first_key + j > first_query + i) (*scores)(i, j) = kNothing;
    }
  }
}

}  // namespace

void ExactAttention(TokensRef q, TokensRef k, TokensRef v, float scale,
                    bool causal, TokenMatrix<float>* out) {
  CHECK_EQ(q.cols(), k.cols());
  CHECK_EQ(k.rows(), v.rows());
  if (causal) CHECK_EQ(q.rows(), k.rows());
  out->setZero(q.rows(), v.cols());
  TokenMatrix<float> scores;
  // Largest score so far, and the sum of weights relative to it.
  Eigen::VectorXf largest(kRows), total(kRows);
  for (Eigen::Index i = 0; i < q.rows(); i += kRows) {
    largest.setConstant(kNothing);
    total.setZero();
    const Eigen::Index last = causal ? std::min(k.rows(), i + kRows) : k.rows();
    for (Eigen::Index j = 0; j < last; j += kColumns) {
      Scores(q, k, i, j, scale, causal, &scores);
      for (Eigen::Index r = 0; r < scores.rows(); ++r) {
        float* const row = &scores(r, 0);
        const Eigen::Index n = scores.cols();
        const float most = std::max(largest[r], scores.row(r).maxCoeff());
        if (most == kNothing) {
          std::fill(row, row + n, 0.0f);
          continue;
        }
        const float shrink = Exp(largest[r] - most);
        largest[r] = most;
        for (Eigen::Index c = 0; c < n; ++c) row[c] -= most;
        Exp(row, n, row);
        const float sum = Sum(row, n);
        total[r] = total[r] * shrink + sum;
        out->row(i + r) *= shrink;
      }
      out->middleRows(i, scores.rows()).noalias() +=
          scores * v.middleRows(j, scores.cols());
    }
    for (Eigen::Index r = 0; r < std::min(kRows, q.rows() - i); ++r) {
      if (total[r] > 0) out->row(i + r) /= total[r];
    }
  }
}

void ExactColumnSums(TokensRef q, TokensRef k, float scale,
                     Eigen::VectorXf* sums) {
  CHECK_EQ(q.cols(), k.cols());
  sums->setZero(k.rows());
  TokenMatrix<float> scores;
  Eigen::VectorXf largest(kRows), total(kRows);
  // Of one tile in floats, of all in doubles.
  Eigen::VectorXf part;
  Eigen::VectorXd exact = Eigen::VectorXd::Zero(k.rows());
  for (Eigen::Index i = 0; i < q.rows(); i += kRows) {
    largest.setConstant(kNothing);
    total.setZero();
    for (const bool is_second : {false, true}) {
      for (Eigen::Index j = 0; j < k.rows(); j += kColumns) {
        Scores(q, k, i, j, scale, false, &scores);
        part.setZero(scores.cols());
        for (Eigen::Index r = 0; r < scores.rows(); ++r) {
          float* const row = &scores(r, 0);
          const Eigen::Index n = scores.cols();
          if (!is_second) {
            const float most = std::max(largest[r], scores.row(r).maxCoeff());
            const float shrink = Exp(largest[r] - most);
            largest[r] = most;
            for (Eigen::Index c = 0; c < n; ++c) row[c] -= most;
            Exp(row, n, row);
            const float sum = Sum(row, n);
            total[r] = total[r] * shrink + sum;
          } else {
            for (Eigen::Index c = 0; c < n; ++c) row[c] -= largest[r];
            Exp(row, n, row);
            const float share = 1 / total[r];
            for (Eigen::Index c = 0; c < n; ++c) part[c] += share * row[c];
          }
        }
        if (is_second) {
          exact.segment(j, part.size()) += part.cast<double>();
        }
      }
    }
  }
  *sums = exact.cast<float>();
}

}  // namespace starling
