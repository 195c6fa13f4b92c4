// How far a mean of few samples may be from the truth.
#ifndef STARLING_WORKERS_STUDENT_T_H_
#define STARLING_WORKERS_STUDENT_T_H_

namespace starling {

// The 97.5 % quantile of Student's t distribution with `degrees_of_freedom` >=
// 1 (CHECKed), relative error below 1e-6: a mean of n normal samples of
// standard deviation s is within StudentT975(n - 1) s / sqrt(n) of the truth in
// 95 of 100 cases.
double StudentT975(int degrees_of_freedom);

}  // namespace starling

#endif  // STARLING_WORKERS_STUDENT_T_H_
