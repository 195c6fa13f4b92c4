// A policy: numbers that turn what is observed into what is done.
//
// One flat parameter vector theta [d] holds everything that is learned, so an
// evolution strategy needs to know nothing else of a policy. Not thread-safe:
// one instance a thread.
#ifndef STARLING_POLICIES_POLICY_H_
#define STARLING_POLICIES_POLICY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/observation.h"
#include "base/parameter_layout.h"
#include "base/registry.h"
#include "base/rng.h"
#include "base/search_space.h"
#include "base/vectors.h"
#include "policies/gaze.h"
#include "policies/live_network.h"
#include "proto/env.pb.h"
#include "proto/model.pb.h"
#include "proto/policy.pb.h"

namespace starling {

// What it takes to keep a policy and to act with it: of the architecture that
// is set, what lives. An edge that no input reaches or no output sees is dead.
struct PolicyCost {
  // Numbers to keep; edges may share a weight.
  int64_t weights = 0;
  int64_t biases = 0;
  // Of an Act.
  int64_t multiply_adds = 0;
  // That sum and, within, apply an operation.
  int64_t units = 0;
  // To keep the numbers, 32 bits each, and which edges there are.
  int64_t bits = 0;
  // As chosen, the dead ones among them.
  int64_t chosen_edges = 0;
};

class Policy {
 public:
  virtual ~Policy() = default;

  // d >= 1, the same for the object's whole life.
  virtual int num_parameters() const = 0;
  // Named blocks in order; their sizes sum to d.
  virtual ParameterLayout layout() const = 0;
  // Where a search starts, theta [d]: a pure function of `rng`.
  virtual void InitialParameters(Rng rng, VectorRef theta) const = 0;

  // What a search may choose; by default, nothing.
  virtual const SearchSpace& search_space() const;
  // From now on the policy is this element of its search space, or, without an
  // encoding, what it is without a search. InvalidArgument, changing
  // nothing, for what is not an element. May allocate; SetParameters must
  // follow.
  virtual absl::Status SetArchitecture(const v1::Architecture& architecture);
  // Of each decision, a set: how much each candidate matters to the policy
  // without a search at theta [d], >= 0. InvalidArgument: the space has
  // decisions of which this can't be said.
  virtual absl::StatusOr<std::vector<std::vector<double>>> Importances(
      ConstVectorRef theta) const;
  // Indices, ascending, of the parameters that the architecture uses.
  virtual std::vector<int> ActiveParameters() const;

  // Takes theta [d]. No allocation after the first call for an architecture.
  virtual void SetParameters(ConstVectorRef theta) = 0;
  // A new episode begins: forgets recurrent state. No allocation.
  virtual void Reset() {}
  // Writes the action [EnvSpec.action_size] for an observation whose state is
  // normalised. Within the bounds of the EnvSpec; NaN where it can't act. A
  // pure function of theta and of what was observed since Reset. No
  // allocation, lock or exception.
  virtual void Act(const Observation& observation, VectorRef action) = 0;

  // Of the architecture that is set.
  virtual PolicyCost Cost() const = 0;
  // Writes what a robot needs to act as this policy does with the architecture
  // and the parameters that are set: layers and head, only what lives.
  // Unimplemented, saying why: it has no such form.
  virtual absl::Status Export(v1::ExportedPolicy* model) const;
  // The same as Cost, node by node; null: the policy is no such network.
  virtual const LiveNetwork* network() const { return nullptr; }
  // Where the last Act looked; empty: the policy does not look at places.
  virtual Gaze gaze() const { return {}; }
};

// A factory gets the environment's spec for sizes and bounds and answers
// InvalidArgument for options that do not fit it.
using PolicyRegistry = Registry<Policy, v1::PolicyConfig, const v1::EnvSpec&>;

}  // namespace starling

#define STARLING_REGISTER_POLICY(kind, factory)  \
  const bool starling_registered_policy_##kind = \
      ::starling::PolicyRegistry::Register(#kind, factory)

#endif  // STARLING_POLICIES_POLICY_H_
