// How much of gRPC's own speed the aggregator keeps, and what a result costs.
#ifndef STARLING_DEPLOY_BENCH_TRANSPORT_BENCH_H_
#define STARLING_DEPLOY_BENCH_TRANSPORT_BENCH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace starling {

struct TransportOptions {
  int workers = 16;
  // Slots of a worker: it delivers so many results in one call.
  int results_per_call = 1;
  double unit_s = 0.01;
  // In all, beside preparations: the same for the aggregator, for the echo
  // and, if asked for, for the aggregator over mutual TLS with tokens.
  double seconds = 10;
  bool tls = false;
  // Of the policy, and antithetic pairs a generation.
  int parameters = 1000;
  int num_directions = 16'384;
  // Each server's share is cut into so many turns, one server after the other.
  int turns = 2;
  // Where the run directory is made for the time of the measurement.
  std::string folder = ".";
};

struct TransportRow {
  int workers = 0;
  int results_per_call = 0;
  int parameters = 0;
  int units_per_generation = 0;
  double accepted_per_s = 0;
  // What the bare server answers, and results that come with it.
  double echo_calls_per_s = 0;
  double echo_results_per_s = 0;
  // accepted_per_s / echo_results_per_s.
  double ratio = 0;
  // The same over TLS, and its ratio to accepted_per_s; 0 if not asked for.
  double tls_accepted_per_s = 0;
  double tls_ratio = 0;
  double tls_peak_rss_mib = 0;
  // Of calls that carry results, from sending to the answer. (A call without
  // results waits for work, by right.)
  double work_p50_s = 0, work_p99_s = 0;
  double echo_p50_s = 0, echo_p99_s = 0;
  // Processor time of the server's process. Everything is in it: heartbeats,
  // the states that workers fetch, run.db, the updates of the parameters.
  double cpu_us_per_result = 0;
  double echo_cpu_us_per_call = 0;
  // Largest resident memory of the aggregator's process, in plain text.
  double peak_rss_mib = 0;
  // As the workers were told, and as the run's update or run.db has them.
  uint64_t accepted = 0;
  uint64_t settled = 0;
  // Accepted, but not settled; or never answered.
  uint64_t lost = 0;
  uint64_t rejected = 0;
  uint64_t failed_calls = 0;
  // As serialised, without the framing.
  double unit_bytes = 0;
  double result_bytes = 0;
};

// Trains a linear policy on the sphere, with the aggregator (run.db and
// checkpoints on disk) in one process and all workers in another, and lets the
// same workers talk to an EchoServer, in turn. Both are on the loopback
// interface, each worker with a connection of its own.
//
// InvalidArgument: a number out of range; Unavailable: too few files may be
// open, or not all workers could connect; FailedPrecondition: this process has
// threads already; the errors of the storage.
absl::StatusOr<TransportRow> MeasureTransport(const TransportOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_TRANSPORT_BENCH_H_
