#include "deploy/bench/latency_bench.h"

#include <unistd.h>

#include <Eigen/Dense>
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "base/search_space.h"
#include "base/status.h"
#include "policies/policy.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStateSize = 64, kActionSize = 8, kHidden = 128;
constexpr int kEdges[] = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
constexpr int kSpreads = 3;
constexpr int kActsATiming = 64;

v1::EnvSpec Spec() {
  v1::EnvSpec spec;
  spec.set_name("latency");
  spec.set_state_size(kStateSize);
  spec.set_action_size(kActionSize);
  for (int i = 0; i < kActionSize; ++i) {
    spec.add_action_low(-1);
    spec.add_action_high(1);
  }
  return spec;
}

// k edges into and out of the first `units` hidden units, so that the same
// number of edges needs few units or many.
Choices EdgesOf(int k, int units, Rng* rng) {
  std::vector<int32_t> candidates;
  for (int unit = 0; unit < units; ++unit) {
    for (int i = 0; i < kStateSize; ++i) {
      candidates.push_back(unit * kStateSize + i);
    }
    for (int out = 0; out < kActionSize; ++out) {
      candidates.push_back(kHidden * kStateSize + out * kHidden + unit);
    }
  }
  for (int i = 0; i < k; ++i) {
    std::swap(candidates[i], candidates[i + rng->Below(static_cast<uint32_t>(
                                                candidates.size() - i))]);
  }
  candidates.resize(k);
  std::sort(candidates.begin(), candidates.end());
  return {candidates};
}

double MedianActNs(Policy& policy, double seconds) {
  Rng rng(1);
  Eigen::VectorXf theta(policy.num_parameters()), state(kStateSize),
      action(kActionSize);
  for (float& value : theta) value = static_cast<float>(rng.Normal());
  for (float& value : state) value = static_cast<float>(rng.Normal());
  policy.SetParameters(theta);
  Observation observation;
  new (&observation.state)
      Eigen::Map<const Eigen::VectorXf>(state.data(), state.size());
  std::vector<double> timings;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto began = Clock::now();
    for (int i = 0; i < kActsATiming; ++i) policy.Act(observation, action);
    timings.push_back(
        std::chrono::duration<double, std::nano>(Clock::now() - began).count() /
        kActsATiming);
  } while (Clock::now() < end);
  std::nth_element(timings.begin(), timings.begin() + timings.size() / 2,
                   timings.end());
  return timings[timings.size() / 2];
}

}  // namespace

absl::StatusOr<LatencyBench> MeasureLatency(double seconds) {
  if (!(seconds > 0 && seconds <= 3600)) {
    return absl::InvalidArgumentError(
        absl::StrCat("seconds must be in (0, 3600], got ", seconds));
  }
  LatencyBench bench;
  Rng rng(2);
  const double each = seconds / (std::size(kEdges) * kSpreads);
  for (const int k : kEdges) {
    v1::PolicyConfig config;
    v1::EdgePruned* pruned = config.mutable_edge_pruned();
    pruned->mutable_mlp()->add_hidden(kHidden);
    pruned->mutable_global()->set_edges(k);
    ASSIGN_OR_RETURN(const std::unique_ptr<Policy> policy,
                     PolicyRegistry::Make(config, Spec()));
    const int fewest =
        (k + kStateSize + kActionSize - 1) / (kStateSize + kActionSize);
    for (int spread = 0; spread < kSpreads; ++spread) {
      const int units = std::min(kHidden, fewest << (2 * spread));
      RETURN_IF_ERROR(policy->SetArchitecture(
          policy->search_space().Encode(EdgesOf(k, units, &rng))));
      const PolicyCost cost = policy->Cost();
      bench.rows.push_back({static_cast<int>(cost.multiply_adds),
                            static_cast<int>(cost.units),
                            MedianActNs(*policy, each), 0});
    }
  }

  // Small policies count as much as large ones: residuals are relative.
  const auto n = static_cast<Eigen::Index>(bench.rows.size());
  Eigen::MatrixXd factors(n, 3);
  for (Eigen::Index i = 0; i < n; ++i) {
    const LatencyRow& row = bench.rows[i];
    factors.row(i) << 1, row.multiply_adds, row.units;
    factors.row(i) /= row.measured_ns;
  }
  const Eigen::Vector3d fit =
      factors.colPivHouseholderQr().solve(Eigen::VectorXd::Ones(n));
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  bench.table.set_machine(host);
  bench.table.set_base_ns(std::max(fit[0], 0.0));
  bench.table.set_per_multiply_add_ns(std::max(fit[1], 0.0));
  bench.table.set_per_unit_ns(std::max(fit[2], 0.0));
  for (LatencyRow& row : bench.rows) {
    row.fitted_ns = bench.table.base_ns() +
                    bench.table.per_multiply_add_ns() * row.multiply_adds +
                    bench.table.per_unit_ns() * row.units;
  }
  return bench;
}

}  // namespace starling
