// The one thread that owns a run's mutable state: trainer, unit table, sessions
// and what is on disk.
//
// Everybody else posts to its bounded queue and is called back; the network is
// somebody else's (service.h). A generation:
//
//   units leased -> answers in -> stored in one transaction -> verdicts out
//   -> all are in -> Trainer::Advance -> next units to those who wait
//
// An answer is acknowledged only once it is stored. If run.db can't be written
// (a full disk), verdicts are held back and the write is tried again each
// second: nothing is lost, training waits at the end of the generation and goes
// on by itself. If a checkpoint can't be written, training goes on at once;
// rows of run.db stay until a later checkpoint is durable.
//
// Because an answer is a pure function of its unit, nothing here (order, time,
// who answers) can change a bit of the outcome. A worker whose answers prove
// wrong (unit_table.h) gets no more work, and what it alone has said is asked
// again; if it has answered in earlier generations, too, the run has to go back
// to a checkpoint from before: it ends, and is to be taken up again from there.
//
// Thread-safe. Callbacks run on the coordinator's thread and must not block.
#ifndef STARLING_AGGREGATOR_COORDINATOR_H_
#define STARLING_AGGREGATOR_COORDINATOR_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/checkpoint_writer.h"
#include "aggregator/failed_units.h"
#include "aggregator/metrics.h"
#include "aggregator/noise_audit.h"
#include "aggregator/session_table.h"
#include "aggregator/snapshot.h"
#include "aggregator/snapshot_builder.h"
#include "aggregator/storage.h"
#include "aggregator/store_backlog.h"
#include "aggregator/trainer.h"
#include "aggregator/unit_table.h"
#include "base/event_queue.h"
#include "proto/checkpoint.pb.h"
#include "proto/control.pb.h"
#include "proto/work.pb.h"

namespace starling {

struct CoordinatorOptions {
  // What workers must compute like. None: the checkpoint's, else that of the
  // first worker.
  std::optional<v1::Fingerprint> fingerprint;
  LeaseRules leases;
  SessionRules sessions;
  // How long a call for work is held while there is none.
  std::chrono::milliseconds hold{20'000};
  // A checkpoint after every generation or after so long, whichever is later.
  std::chrono::milliseconds checkpoint_every{30'000};
  // Between attempts to write what could not be written.
  std::chrono::milliseconds retry{1'000};
  // At the end: how long workers have to hear of it, and how long a last
  // checkpoint is tried.
  std::chrono::milliseconds linger{3'000};
  std::chrono::milliseconds last_checkpoint{60'000};
  size_t max_queue = 4096;
  // Whether somebody takes the run up again at once when it ends because it has
  // to go back. Else the workers are sent away.
  bool goes_back = false;
  // The run's directory, where failed units are kept (failed_units.h). Empty:
  // they are not.
  std::string run_directory;
  // Called after each generation, on the coordinator's thread.
  std::function<void(const Progress&)> on_generation;
};

class Coordinator {
 public:
  template <typename T>
  using Reply = absl::AnyInvocable<void(absl::StatusOr<T>)>;
  using Blob = std::shared_ptr<const std::string>;
  using Time = std::chrono::steady_clock::time_point;

  // Takes up a run: `checkpoint` (none: from the beginning), then the closed
  // generations that storage holds, then the answers of the open one. `trainer`
  // is fresh. Errors are the trainer's and the storage's; FailedPrecondition:
  // the checkpoint was made on machines that compute other bits.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Create(
      const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
      std::unique_ptr<Trainer> trainer, std::unique_ptr<Storage> storage,
      const std::optional<v1::Checkpoint>& checkpoint,
      CoordinatorOptions options);
  // Ends the thread at once, as a crash would: call Stop and Wait first. No
  // service may use it any more.
  ~Coordinator();

  // The calls of the service. Each answers exactly once, by `reply`, now or
  // later; Unauthenticated: register again; ResourceExhausted: the queue is
  // full.
  void Register(v1::RegisterRequest request, Reply<v1::RegisterReply> reply);
  // Answers a ticket for CancelWork.
  uint64_t Work(v1::WorkRequest request, Reply<v1::WorkReply> reply);
  // The caller of a held call has gone: it is answered Cancelled.
  void CancelWork(uint64_t ticket);
  void Heartbeat(v1::HeartbeatRequest request, Reply<v1::HeartbeatReply> reply);
  // NotFound: no state that is in use has this digest.
  void GetBlob(v1::BlobRequest request, Reply<Blob> reply);
  void Leave(v1::LeaveRequest request, Reply<v1::LeaveReply> reply);

  // No new leases; waits up to `grace` for answers that are under way, then
  // writes a checkpoint and sends the workers away. A second call may shorten
  // the grace.
  void Stop(std::chrono::milliseconds grace);
  // Until the run has ended and everything is on disk. OK: finished; Cancelled:
  // stopped; else why training failed (the trainer's Aborted or Internal; with
  // a suspect generation: Aborted), or why the last checkpoint could not be
  // written.
  absl::Status Wait();
  // Wait with a limit: nothing if the run still goes on.
  std::optional<absl::Status> WaitFor(std::chrono::milliseconds limit);

  // After Wait: the run has to go back to a checkpoint of this generation or an
  // older one, because a later one may have learned from wrong answers.
  // RunStore::Suspect tells later starts.
  std::optional<uint64_t> suspect_generation() const;

  // The calls of operators (coordinator_control.cc). Each answers exactly once,
  // by `reply`; none can change a bit of the outcome. Unavailable: the run is
  // ending. The snapshot shows what Pause and Resume did when they answer.
  void Pause(Reply<v1::PauseReply> reply);
  void Resume(Reply<v1::ResumeReply> reply);
  // Answers once the checkpoint is durable, or with the error of the first
  // attempt; further ones follow.
  void Checkpoint(Reply<v1::CheckpointReply> reply);
  // Errors: SessionTable::Resolve.
  void DrainWorker(v1::DrainWorkerRequest request,
                   Reply<v1::DrainWorkerReply> reply);
  void ListWorkers(Reply<v1::ListWorkersReply> reply);

  // At most 0.2 s old.
  std::shared_ptr<const Snapshot> snapshot() const;
  uint64_t incarnation() const { return incarnation_; }
  const v1::Experiment& experiment() const { return experiment_; }
  // Thread-safe by itself.
  Metrics& metrics() { return metrics_; }

 private:
  enum class State { kTraining, kStopping, kEnding, kEnded };
  // A call of Work: held until there is work or until its results are stored.
  struct WaitingCall {
    uint64_t ticket;
    std::string session_id;
    int want;
    Time until;
    v1::WorkReply answer;
    Reply<v1::WorkReply> reply;
  };

  Coordinator(const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
              std::unique_ptr<Trainer> trainer,
              std::unique_ptr<Storage> storage, CoordinatorOptions options,
              uint64_t incarnation);
  absl::Status TakeUp(const std::optional<v1::Checkpoint>& checkpoint);
  // Takes the stored answers of the open generation.
  void Preload();
  // Who a session is, also one of an earlier life; none if that is not known.
  std::optional<SessionTable::Identity> FindIdentity(
      const std::string& session);
  // Draws the units of a new generation that are audited.
  std::vector<bool> DrawAudits();
  // Deals with those whom the unit table has convicted (coordinator_audit.cc).
  void JudgeConvicted();
  void Convict(const std::shared_ptr<Standing>& standing, uint64_t session);

  void Run();
  Time NextWake(Time now) const;
  void HandleRegister(const v1::RegisterRequest& request,
                      Reply<v1::RegisterReply> reply);
  void HandleWork(uint64_t ticket, const v1::WorkRequest& request,
                  Reply<v1::WorkReply> reply);
  void HandleHeartbeat(const v1::HeartbeatRequest& request,
                       Reply<v1::HeartbeatReply> reply);
  void HandleLeave(const v1::LeaveRequest& request,
                   Reply<v1::LeaveReply> reply);
  UnitTable::Submission TakeResult(Session& session,
                                   const v1::LeasedResult& leased);
  // Of an answer that counts.
  void RecordAnswer(Session& session, const v1::RolloutResult& result);
  void MeasureUnit(const v1::RolloutResult& result);
  // A unit hangs wherever it is evaluated: training can't go on.
  void EndStuck(const v1::RolloutResult& result);
  void CloseGeneration();
  void BeginGeneration();
  void NoteProgress(const Progress& progress);
  void AnswerHeld(Time now);
  void ServeParked(Time now);
  // Nothing is left to do, now or after a restart; or only now.
  bool IsOver() const;
  bool MustDrain() const;
  // Ends, and comes back at once.
  bool IsGoingBack() const {
    return suspect_.has_value() && options_.goes_back;
  }
  // Leases and the flags of the run's state.
  void FillReply(const std::string& session_id, int want, Time now,
                 v1::WorkReply* reply);
  void SweepSessions(Time now);
  void MaybeCheckpoint(Time now);
  // Hands the state of the open generation to the writer; its ticket.
  uint64_t SubmitCheckpoint(Time now);
  // Answers whoever waits for a checkpoint that has been tried.
  void AnswerCheckpoints();
  void BeginEnd(absl::Status status);
  void MaybeEnd(Time now);
  double ElapsedSeconds(Time now) const;
  void Publish(Time now);

  // A call of Checkpoint.
  struct WaitingCheckpoint {
    uint64_t ticket;
    uint64_t generation;
    Reply<v1::CheckpointReply> reply;
  };

  const v1::Experiment experiment_;
  const v1::EnvSpec env_spec_;
  const CoordinatorOptions options_;
  const uint64_t incarnation_;
  EventQueue queue_;
  std::atomic<uint64_t> next_ticket_{1};
  Metrics metrics_;

  // Below, until the mutex: the coordinator thread's alone.
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Storage> storage_;
  StoreBacklog backlog_;
  UnitTable table_;
  SessionTable sessions_;
  // Who has answered in the open generation, by the number of the session.
  std::unordered_map<uint64_t, std::shared_ptr<Standing>> authors_;
  // Nobody may foretell which units are audited. Of no bit of the outcome.
  std::mt19937_64 audit_draws_{std::random_device()()};
  std::optional<uint64_t> suspect_;
  std::optional<v1::Fingerprint> fingerprint_;
  NoiseAudit noise_audit_;
  FailedUnits failed_units_;
  State state_ = State::kTraining;
  bool quit_ = false;
  // By an operator: no leases until Resume.
  bool paused_ = false;
  Time stop_by_{};
  Time end_began_{};
  absl::Status status_;

  Blob blob_, previous_blob_;
  std::string blob_digest_, previous_digest_;
  std::list<WaitingCall> parked_, held_;
  std::list<WaitingCheckpoint> waiting_checkpoints_;
  // Of the open generation's units: when each was leased first.
  std::vector<std::optional<Time>> leased_at_;
  std::optional<Time> generation_began_;
  std::optional<Time> last_checkpoint_;
  bool generation_closed_ = false;
  bool last_one_submitted_ = false;

  double elapsed_before_s_ = 0;
  Time began_;
  Time published_{};
  Time next_sweep_{};
  // The snapshot, or what held calls may get, is no longer what it was.
  bool changed_ = true;
  bool serve_all_ = true;
  SnapshotBuilder facts_;

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by mutex_
  std::optional<absl::Status> result_;        // guarded by mutex_
  std::optional<uint64_t> must_go_back_to_;   // guarded by mutex_

  std::unique_ptr<CheckpointWriter> writer_;
  std::thread thread_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_COORDINATOR_H_
