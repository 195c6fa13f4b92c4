// Positive features of A q and A^-T k for a diagonal A whose elements are real
// or imaginary.
#ifndef STARLING_POLICIES_ATTENTION_COMPLEX_MAP_H_
#define STARLING_POLICIES_ATTENTION_COMPLEX_MAP_H_

#include <vector>

#include "policies/attention/exponential_features.h"

namespace starling {

// With u = A q and v = A^-T k, q . k = u . v, and for normal w
//
//   exp(u . v) = E e^(w . u - u . u / 2) e^(w . v - v . v / 2),
//
// products without conjugation; what is taken is the real part. A = 1 gives
// positive features, A = i trigonometric ones. Paper: "Hybrid Random Features"
// (complex exponential estimators).
class ComplexMap {
 public:
  // `squares` of A's elements, [dim] and none 0; negative: imaginary.
  ComplexMap(std::vector<double> squares, int m);

  // The A for which u + v = 0 for this pair, so that their estimate has no
  // variance; elements are kept within [0.01, 100] in size.
  static std::vector<double> Tuned(const Eigen::VectorXd& query,
                                   const Eigen::VectorXd& key);

  // Writes 2 m features of one token [dim] to `out` and answers the logarithm
  // of what they are to be multiplied by.
  template <typename Real>
  Real MapInto(Side side, const ProjectionRows& rows, const Real* token,
               Real* out, typename Features<Real>::Scratch* scratch) const;
  double Estimate(const ProjectionRows& rows, const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const;

 private:
  std::vector<double> squares_;
  // |a_j| and 1 / |a_j|; and whether a_j is imaginary.
  std::vector<double> sizes_;
  int m_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_COMPLEX_MAP_H_
