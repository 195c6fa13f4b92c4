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

// Scores of tile after tile.
class Tiles {
 public:
  Tiles(TokensRef q, TokensRef k, float scale, bool causal)
      : q_(q), k_(k), scale_(scale), causal_(causal) {}

  // [rows, columns] from a query and a key on; where causal, those of later
  // keys are -infinity. Good until the next call.
  TokenMatrix<float>& Scores(Eigen::Index first_query, Eigen::Index first_key) {
    const Eigen::Index rows = std::min(kRows, q_.rows() - first_query);
    const Eigen::Index columns = std::min(kColumns, k_.rows() - first_key);
    queries_ = q_.middleRows(first_query, rows) * scale_;
    keys_ = k_.middleRows(first_key, columns).transpose();
    scores_.resize(rows, columns);
    Gemm(queries_.data(), keys_.data(), static_cast<int>(rows),
         static_cast<int>(q_.cols()), static_cast<int>(columns), false,
         scores_.data());
    if (!causal_) return scores_;
    for (Eigen::Index i = 0; i < rows; ++i) {
      for (Eigen::Index j = 0; j < columns; ++j) {
        if (first_key + j > first_query + i) scores_(i, j) = kNothing;
      }
    }
    return scores_;
  }

 private:
  const TokensRef q_, k_;
  const float scale_;
  const bool causal_;
  TokenMatrix<float> queries_, keys_, scores_;
};

// row = exp(row - most).
void ExpBelow(float most, Eigen::Index n, float* row) {
  MultiplyAdd(row, n, 1, -most, row);
  Exp(row, n, row);
}

}  // namespace

void ExactAttention(TokensRef q, TokensRef k, TokensRef v, float scale,
                    bool causal, TokenMatrix<float>* out) {
  CHECK_EQ(q.cols(), k.cols());
  CHECK_EQ(k.rows(), v.rows());
  if (causal) CHECK_EQ(q.rows(), k.rows());
  out->setZero(q.rows(), v.cols());
  Tiles tiles(q, k, scale, causal);
  TokenMatrix<float> values;
  // Largest score so far, and the sum of weights relative to it.
  Eigen::VectorXf largest(kRows), total(kRows);
  for (Eigen::Index i = 0; i < q.rows(); i += kRows) {
    largest.setConstant(kNothing);
    total.setZero();
    const Eigen::Index last = causal ? std::min(k.rows(), i + kRows) : k.rows();
    for (Eigen::Index j = 0; j < last; j += kColumns) {
      TokenMatrix<float>& scores = tiles.Scores(i, j);
      for (Eigen::Index r = 0; r < scores.rows(); ++r) {
        float* const row = &scores(r, 0);
        const Eigen::Index n = scores.cols();
        const float most = std::max(largest[r], Max(row, n));
        if (most == kNothing) {
          std::fill(row, row + n, 0.0f);
          continue;
        }
        const float shrink = Exp(largest[r] - most);
        largest[r] = most;
        ExpBelow(most, n, row);
        const float sum = Sum(row, n);
        total[r] = total[r] * shrink + sum;
        out->row(i + r) *= shrink;
      }
      values = v.middleRows(j, scores.cols());
      Gemm(scores.data(), values.data(), static_cast<int>(scores.rows()),
           static_cast<int>(scores.cols()), static_cast<int>(v.cols()), true,
           out->data() + i * v.cols());
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
  Tiles tiles(q, k, scale, false);
  Eigen::VectorXf largest(kRows), total(kRows);
  // Of one tile in floats, of all in doubles.
  Eigen::VectorXf part;
  Eigen::VectorXd exact = Eigen::VectorXd::Zero(k.rows());
  for (Eigen::Index i = 0; i < q.rows(); i += kRows) {
    largest.setConstant(kNothing);
    total.setZero();
    for (const bool is_second : {false, true}) {
      for (Eigen::Index j = 0; j < k.rows(); j += kColumns) {
        TokenMatrix<float>& scores = tiles.Scores(i, j);
        part.setZero(scores.cols());
        for (Eigen::Index r = 0; r < scores.rows(); ++r) {
          float* const row = &scores(r, 0);
          const Eigen::Index n = scores.cols();
          if (!is_second) {
            const float most = std::max(largest[r], Max(row, n));
            const float shrink = Exp(largest[r] - most);
            largest[r] = most;
            ExpBelow(most, n, row);
            const float sum = Sum(row, n);
            total[r] = total[r] * shrink + sum;
          } else {
            ExpBelow(largest[r], n, row);
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
