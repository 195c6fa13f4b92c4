// Reductions in the order in which NumPy does them, so that rewards have the
// bits of the reference tasks. Any other order would do as well; this one can
// be checked.
#ifndef STARLING_ENVS_MUJOCO_NUMPY_ORDER_H_
#define STARLING_ENVS_MUJOCO_NUMPY_ORDER_H_

namespace starling {

// x[0] + .. + x[n-1] as np.sum: one after the other below 8 elements; up to 128
// eight interleaved partial sums, a tree over them, then the rest; above that
// by halves.
double SumInNumpyOrder(const double* x, int n);

// The same sum over x[i]^2, as np.sum(np.square(x)).
double SumOfSquaresInNumpyOrder(const double* x, int n);

// Length of a - b in three dimensions, as np.linalg.norm(a - b).
double Distance(const double* a, const double* b);

// x^2 of a single number, as NumPy's x ** 2: libm's pow, which does not always
// round as x * x does.
double ScalarSquare(double x);

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_NUMPY_ORDER_H_
