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

// row = exp(row - most).
void ExpBelow(float most, Eigen::Index n, float* row) {
  MultiplyAdd(row, n, 1, -most, row);
  Exp(row, n, row);
}

}  // namespace

void ExactAttention::Score(TokensRef a, TokensRef b, Eigen::Index first_row,
                           Eigen::Index first_column, bool causal) {
  const Eigen::Index rows = std::min(kRows, a.rows() - first_row);
  const Eigen::Index columns = std::min(kColumns, b.rows() - first_column);
  rows_ = a.middleRows(first_row, rows) * scale_;
  columns_ = b.middleRows(first_column, columns).transpose();
  scores_.resize(rows, columns);
  Gemm(rows_.data(), columns_.data(), static_cast<int>(rows),
       static_cast<int>(a.cols()), static_cast<int>(columns), false,
       scores_.data());
  if (!causal) return;
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < columns; ++j) {
      if (first_column + j > first_row + i) scores_(i, j) = kNothing;
    }
  }
}

void ExactAttention::Reduce(Eigen::Index row) {
  float* const scores = &scores_(row, 0);
  const Eigen::Index n = scores_.cols();
  const float most = std::max(largest_[row], Max(scores, n));
  if (most == kNothing) {
    std::fill(scores, scores + n, 0.0f);
    return;
  }
  const float shrink = Exp(largest_[row] - most);
  largest_[row] = most;
  ExpBelow(most, n, scores);
  const float sum = Sum(scores, n);
  total_[row] = total_[row] * shrink + sum;
}

void ExactAttention::Attend(TokensRef q, TokensRef k, TokensRef v, bool causal,
                            TokenMatrix<float>* out) {
  CHECK_EQ(q.cols(), k.cols());
  CHECK_EQ(k.rows(), v.rows());
  if (causal) CHECK_EQ(q.rows(), k.rows());
  out->setZero(q.rows(), v.cols());
  for (Eigen::Index i = 0; i < q.rows(); i += kRows) {
    largest_.setConstant(kRows, kNothing);
    total_.setZero(kRows);
    const Eigen::Index last = causal ? std::min(k.rows(), i + kRows) : k.rows();
    for (Eigen::Index j = 0; j < last; j += kColumns) {
      Score(q, k, i, j, causal);
      for (Eigen::Index r = 0; r < scores_.rows(); ++r) {
        const float before = largest_[r];
        Reduce(r);
        if (before != largest_[r]) out->row(i + r) *= Exp(before - largest_[r]);
      }
      values_ = v.middleRows(j, scores_.cols());
      Gemm(scores_.data(), values_.data(), static_cast<int>(scores_.rows()),
           static_cast<int>(scores_.cols()), static_cast<int>(v.cols()), true,
           out->data() + i * v.cols());
    }
    for (Eigen::Index r = 0; r < std::min(kRows, q.rows() - i); ++r) {
      if (total_[r] > 0) out->row(i + r) /= total_[r];
    }
  }
}

void ExactAttention::ColumnSums(TokensRef q, TokensRef k,
                                Eigen::VectorXf* sums) {
  CHECK_EQ(q.cols(), k.cols());
  sums_.setZero(k.rows());
  for (Eigen::Index i = 0; i < q.rows(); i += kRows) {
    largest_.setConstant(kRows, kNothing);
    total_.setZero(kRows);
    for (const bool is_second : {false, true}) {
      for (Eigen::Index j = 0; j < k.rows(); j += kColumns) {
        Score(q, k, i, j, false);
        if (!is_second) {
          for (Eigen::Index r = 0; r < scores_.rows(); ++r) Reduce(r);
          continue;
        }
        part_.setZero(scores_.cols());
        for (Eigen::Index r = 0; r < scores_.rows(); ++r) {
          float* const row = &scores_(r, 0);
          ExpBelow(largest_[r], scores_.cols(), row);
          const float share = 1 / total_[r];
          for (Eigen::Index c = 0; c < scores_.cols(); ++c) {
            part_[c] += share * row[c];
          }
        }
        sums_.segment(j, part_.size()) += part_.cast<double>();
      }
    }
  }
  *sums = sums_.cast<float>();
}

void ExactAttention::KernelSums(TokensRef q, TokensRef k, Side of,
                                Eigen::VectorXf* sums) {
  CHECK_EQ(q.cols(), k.cols());
  TokensRef tokens = of == Side::kKey ? k : q;
  TokensRef others = of == Side::kKey ? q : k;
  sums->setZero(tokens.rows());
  if (q.rows() == 0 || k.rows() == 0) return;
  // Of each token.
  part_.resize(tokens.rows());
  for (Eigen::Index i = 0; i < tokens.rows(); i += kRows) {
    const Eigen::Index rows = std::min(kRows, tokens.rows() - i);
    largest_.setConstant(kRows, kNothing);
    total_.setZero(kRows);
    for (Eigen::Index j = 0; j < others.rows(); j += kColumns) {
      Score(tokens, others, i, j, false);
      for (Eigen::Index r = 0; r < rows; ++r) Reduce(r);
    }
    part_.segment(i, rows) = largest_.head(rows);
    sums->segment(i, rows) = total_.head(rows);
  }
  ExpBelow(Max(part_.data(), part_.size()), part_.size(), part_.data());
  *sums = sums->cwiseProduct(part_);
}

}  // namespace starling
