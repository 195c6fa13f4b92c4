// A worker: registers with an aggregator, leases units, evaluates them on its
// slots, answers, and does so through any failure of the other side.
//
//   - It asks what the run is, builds its evaluators, and registers with what
//     it found; a run that it would compute otherwise refuses it.
//   - One call for work may be held by the aggregator; results travel in calls
//     of their own meanwhile. ceil(slots / 4) units wait in reserve.
//   - The state of a generation is fetched once, by digest, for all slots.
//   - If the aggregator is gone, the worker finishes what it has, keeps the
//     results and tries again for ever (0.5 to 5 s apart); an aggregator that
//     does not know it is told anew, and gets the results.
#ifndef STARLING_WORKERS_WORKER_H_
#define STARLING_WORKERS_WORKER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "workers/aggregator_calls.h"
#include "workers/contact.h"
#include "workers/slot_pool.h"
#include "workers/workshop.h"

namespace starling {

struct WorkerOptions {
  // Of the aggregator, for messages; and the file that named it, if one did.
  std::string address;
  std::string endpoint_file;
  // What this worker shows who it is with ("" for plain text), for messages:
  // the channel has read it.
  std::string tls_folder;
  // Evaluator threads, in [1, 1024].
  int slots = 1;
  // What people call this worker: 1 to 64 of [A-Za-z0-9._-], or empty: the
  // aggregator calls it HOST-PID.
  std::string name;
  // Of this machine, for people; at most 256 bytes.
  std::string host;
  int64_t pid = 0;
  EvaluatorFactory make_evaluator;
  FingerprintFunction fingerprint;

  // When to call again, to complain and to give up.
  ContactRules contact;
  // How long Stop waits for units that have begun.
  std::chrono::milliseconds grace{20'000};
  // A unit without an environment step for so long is stuck: `on_stuck` is
  // called with its description. None: the process ends with status 70.
  std::chrono::milliseconds step_timeout{60'000};
  std::function<void(const std::string&)> on_stuck;

  // Deadlines of calls.
  std::chrono::milliseconds poll_deadline{30'000};
  std::chrono::milliseconds call_deadline{10'000};
  std::chrono::milliseconds heartbeat_deadline{3'000};
};

class Worker {
 public:
  // See ConnectToAggregator.
  Worker(std::shared_ptr<grpc::Channel> channel, WorkerOptions options);
  // Not while Run runs.
  ~Worker();

  // Works until the run is over. To be called once.
  //   OK                  the run has finished
  //   Cancelled           Stop was called, or the aggregator sends its workers
  //                       away because it stops itself
  //   FailedPrecondition  this worker can't serve the run; says why
  //   Unauthenticated     its token is not of this cluster, or not a worker's
  //   Unavailable         gave up
  //   others              the evaluator can't be built
  absl::Status Run();
  // Takes no more work, waits up to options.grace for units that have begun,
  // gives the others back. Run then breaks off what still runs; an evaluator
  // that can't do so (UnitEvaluator::BreakOff) is waited for. Any thread.
  void Stop();
  // Ends Run at once without a word to the aggregator, like a crash, except
  // that evaluators that can't break off a unit are waited for. Any thread.
  void Abandon();

 private:
  class Client;
  std::unique_ptr<Client> client_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_WORKER_H_
