#include "envs/mujoco/numpy_order.h"

#include <cmath>

namespace starling {
namespace {

// Sum of term(i) over [first, first + n).
template <typename Term>
double PairwiseSum(const Term& term, int first, int n) {
  if (n < 8) {
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += term(first + i);
    return sum;
  }
  if (n > 128) {
    const int half = n / 2 - n / 2 % 8;
    return PairwiseSum(term, first, half) +
           PairwiseSum(term, first + half, n - half);
  }
  double r[8];
  for (int j = 0; j < 8; ++j) r[j] = term(first + j);
  int i = 8;
  for (; i + 8 <= n; i += 8) {
    for (int j = 0; j < 8; ++j) r[j] += term(first + i + j);
  }
  double sum =
      ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (; i < n; ++i) sum += term(first + i);
  return sum;
}

}  // namespace

double SumInNumpyOrder(const double* x, int n) {
  return PairwiseSum([x](int i) { return x[i]; }, 0, n);
}

double SumOfSquaresInNumpyOrder(const double* x, int n) {
  return PairwiseSum([x](int i) { return x[i] * x[i]; }, 0, n);
}

double Distance(const double* a, const double* b) {
  const double x = a[0] - b[0];
  const double y = a[1] - b[1];
  const double z = a[2] - b[2];
  // NumPy leaves it to its BLAS, which rounds so but for CPUs with AVX-512: there
  // its dot product is fused.
  return std::sqrt(x * x + y * y + z * z);
}

double ScalarSquare(double x) {
  // Hidden from the compiler, which would make it x * x.
  static const volatile double two = 2;
  return std::pow(x, two);
}

}  // namespace starling
