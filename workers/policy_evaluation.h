// What an unperturbed policy is worth: many episodes, their statistics.
#ifndef STARLING_WORKERS_POLICY_EVALUATION_H_
#define STARLING_WORKERS_POLICY_EVALUATION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

struct PolicyEvaluation {
  // Episodes that have a return: those asked for, less the diverged ones.
  int episodes = 0;
  int diverged = 0;
  // Over the returns; std is that of the sample (divides by n - 1), 0 for one
  // episode.
  double mean = 0;
  double std = 0;
  double min = 0;
  double max = 0;
  // Half the width of the 95 % confidence interval of the mean, by Student's t;
  // infinity for one episode, of which nothing is known.
  double ci95 = 0;
  double mean_length = 0;
  // In the order of the episodes, without the diverged ones.
  std::vector<double> returns;
  std::vector<uint32_t> lengths;
};

// Plays `episodes` >= 1 episodes of the policy at the mean of `state`, whitened
// by its moments, with its choice of an architecture, on `threads` >= 1 threads. Only the environment, the policy
// and the normaliser of `experiment` count. Episode j has the seed
// DeriveSeed(seed, Stream::kEvaluation, 0, 2, j): never one that training or
// its evaluations use. The result does not depend on `threads`.
// InvalidArgument: numbers out of range, a state that does not fit the policy;
// Aborted: every episode diverged; otherwise the errors of the
// factories.
absl::StatusOr<PolicyEvaluation> EvaluatePolicy(
    const v1::Experiment& experiment, const v1::PolicyState& state,
    int episodes, uint64_t seed, int threads);

}  // namespace starling

#endif  // STARLING_WORKERS_POLICY_EVALUATION_H_
