// Many workers in one process, on one thread: load for an aggregator.
//
// Each has a connection of its own and speaks the whole protocol (Register,
// Work, Heartbeat, GetBlob); its units take a fixed time in which nobody
// computes. Answers are valid and a pure function of the unit, so that they
// pass every check and two workers never disagree.
#ifndef STARLING_DEPLOY_BENCH_SIMULATED_WORKERS_H_
#define STARLING_DEPLOY_BENCH_SIMULATED_WORKERS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/noise.h"
#include "deploy/bench/histogram.h"
#include "proto/env.pb.h"

namespace starling {

struct LoadOptions {
  // "HOST:PORT" of an aggregator or an EchoServer.
  std::string address;
  // A member's (base/tls_folder.h); empty: plain text.
  std::string tls_folder;
  int workers = 1;
  // Slots of a worker. It works on as many units at a time and delivers their
  // results in one call, which asks for the next ones.
  int slots = 1;
  double unit_s = 0.01;
  // What is measured begins when all have registered and so long has passed,
  // and lasts `seconds`.
  double warm_up_s = 1;
  double seconds = 5;
  // The run's: registration must name it.
  v1::EnvSpec env_spec;
  // Directions, of so many parameters, for the answers' checks. Outlives the
  // call.
  const Noise* noise = nullptr;
  int num_parameters = 0;
  // The process that serves them.
  pid_t server = 0;
};

// Trivially copyable.
struct LoadFigures {
  // Within the time that is measured.
  double seconds = 0;
  uint64_t accepted = 0;
  uint64_t delivering_calls = 0;
  // From a call that carries results to its answer. Calls without results are
  // held while there is no work, by right: they are left out.
  Histogram turnaround;
  // Of the server's process, all its threads.
  double server_cpu_s = 0;
  // In all, until every result was answered.
  uint64_t accepted_in_all = 0;
  uint64_t duplicate = 0;
  uint64_t stale = 0;
  uint64_t rejected = 0;
  uint64_t failed_calls = 0;
  uint64_t registrations = 0;
  // Results that no answer came for.
  uint64_t unanswered = 0;
  // Sums over leases and results as they crossed the wire.
  uint64_t leases = 0;
  uint64_t lease_bytes = 0;
  uint64_t results = 0;
  uint64_t result_bytes = 0;
  // At the end: resident memory of the server, now and at most.
  double server_rss_mib = 0;
  double server_peak_rss_mib = 0;
};

// Unavailable: not all could register within a minute beyond what the limit on
// new sessions asks for.
absl::StatusOr<LoadFigures> ApplyLoad(const LoadOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_SIMULATED_WORKERS_H_
