// The inside of an evaluator process: builds an evaluator, evaluates units one
// by one, until its parent has gone.
//
// A slot starts it (evaluator_child.h) as `PROGRAM evaluator PARENT` with one
// end of a socket as descriptor 3, over which EvaluatorRequests come and
// EvaluatorReplies go (frames.h), and shared memory as descriptor 4, where it
// counts its control steps for the slot's watchdog. It has one thread, opens no
// connection and leaves no core file. It ends when its parent does, even if
// that is killed while a unit runs, and ignores the signals that are meant for
// its parent (SIGINT, SIGTERM, SIGUSR1).
#ifndef STARLING_WORKERS_EVALUATOR_PROCESS_H_
#define STARLING_WORKERS_EVALUATOR_PROCESS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "workers/slot_pool.h"

namespace starling {

// The program's first argument that makes it an evaluator process.
inline constexpr char kEvaluatorWord[] = "evaluator";
inline constexpr int kEvaluatorSocketFd = 3;
inline constexpr int kEvaluatorStepsFd = 4;
// Of the shared memory: one counter.
inline constexpr size_t kEvaluatorStepsBytes = sizeof(std::atomic<uint64_t>);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// Makes evaluators that count their steps there.
using CountedEvaluators =
    std::function<EvaluatorFactory(std::atomic<uint64_t>* steps)>;

// To be called by `main` where its first argument is kEvaluatorWord; the answer
// is the exit status: 0 once the parent needs it no more, 2 if nobody has
// started it as described above, 70 if the parent talks nonsense.
int RunEvaluatorProcess(int argc, const char* const* argv,
                        const CountedEvaluators& evaluators);

}  // namespace starling

#endif  // STARLING_WORKERS_EVALUATOR_PROCESS_H_
