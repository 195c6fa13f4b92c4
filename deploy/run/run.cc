#include "deploy/run/run.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "aggregator/checkpoint.h"
#include "aggregator/coordinator.h"
#include "aggregator/http_server.h"
#include "aggregator/run_store.h"
#include "aggregator/service.h"
#include "aggregator/storage.h"
#include "aggregator/trainer.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_keys.h"
#include "base/status.h"
#include "base/tls_folder.h"
#include "deploy/run/local_workers.h"
#include "deploy/run/pareto_csv.h"
#include "deploy/run/run_view.h"
#include "workers/fingerprint.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Paintings a second, and how soon a signal is noticed.
constexpr milliseconds kTick(250);

// Signals that end a run are taken from a queue, not by a handler. Blocks them
// for all threads that start later.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // A limit on the size of files is a full disk: the write fails, we go on.
  signal(SIGXFSZ, SIG_IGN);
  return signals;
}

std::string HostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

// A file of a newer Starling can't be read, which is no refusal of this one.
absl::Status AsUnreadable(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition
             ? absl::DataLossError(status.message())
             : status;
}

// A damaged run.db costs time, not the run: its results are computed again.
absl::StatusOr<std::unique_ptr<RunStore>> OpenStore(const std::string& path) {
  absl::StatusOr<std::unique_ptr<RunStore>> store = RunStore::Open(path);
  if (store.ok()) return store;
  if (store.status().code() != absl::StatusCode::kDataLoss) {
    return AsUnreadable(store.status());
  }
  ASSIGN_OR_RETURN(const std::string kept, RunStore::SetAside(path));
  LOG(WARNING) << store.status().message() << " It was kept as " << kept
               << "; training goes on from the newest checkpoint.";
  return RunStore::Open(path);
}

// None if the run has not begun.
absl::StatusOr<std::optional<v1::Checkpoint>> LoadCheckpoint(
    const RunDirectory& directory, const CheckpointStore& checkpoints,
    LoadReport* report) {
  absl::StatusOr<v1::Checkpoint> loaded = checkpoints.LoadNewest(report);
  if (loaded.status().code() == absl::StatusCode::kNotFound) {
    return std::optional<v1::Checkpoint>();
  }
  if (!loaded.ok()) return AsUnreadable(loaded.status());
  // What may change is not the checkpoint's to decide.
  v1::Experiment& experiment = *loaded->mutable_experiment();
  *experiment.mutable_budget() = directory.experiment().budget();
  experiment.set_audit_fraction(directory.experiment().audit_fraction());
  return std::optional<v1::Checkpoint>(*std::move(loaded));
}

// If the run has learned from wrong answers: takes it back to before them, or
// says that it has to.
absl::Status GoBack(const RunOptions& options, CheckpointStore& checkpoints,
                    RunStore& store) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> suspect, store.Suspect());
  if (!suspect.has_value()) return absl::OkStatus();
  if (!options.rollback) {
    return absl::AbortedError(absl::StrCat(
        "generation ", *suspect,
        " is the first that may have learned from wrong answers of a worker "
        "(the log has them). Without --no_rollback the same command goes back "
        "to the newest checkpoint that is not younger, and on from there"));
  }
  RETURN_IF_ERROR(checkpoints.DiscardAfter(*suspect));
  LOG(WARNING) << "going back: generation " << *suspect
               << " and later ones may have learned from wrong answers";
  return store.GoneBack();
}

// A socket in the run directory, or under /tmp where that path is too long for
// the kernel.
std::string DefaultAddress(const RunPaths& paths) {
  char resolved[PATH_MAX];
  const std::string root =
      realpath(paths.root.c_str(), resolved) ? resolved : paths.root;
  const std::string socket = root + "/aggregator.sock";
  if (socket.size() <= 100) return "unix:" + socket;
  std::string folder = "/tmp/starling.XXXXXX";
  CHECK(mkdtemp(folder.data()) != nullptr) << "cannot write /tmp";
  return absl::StrCat("unix:", folder, "/aggregator.sock");
}

// What workers elsewhere are told: "all addresses of this host" is none.
std::string PublicAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return address;
  const size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  return host == "0.0.0.0" || host == "[::]" || host == "*"
             ? HostName() + address.substr(colon)
             : address;
}

// None without a folder. Warns of a certificate that ends soon.
absl::StatusOr<std::optional<TlsFolder>> LoadTls(const std::string& path) {
  if (path.empty()) return std::optional<TlsFolder>();
  const absl::Time now = absl::Now();
  ASSIGN_OR_RETURN(TlsFolder folder,
                   LoadTlsFolder(path, TlsSide::kAggregator, now));
  if (folder.not_after - now < absl::Hours(24 * 14)) {
    LOG(WARNING) << folder.certificate << " expires on "
                 << DescribeTime(folder.not_after)
                 << "; replace it before then with `starling certs server`";
  }
  return std::optional<TlsFolder>(std::move(folder));
}

bool IsReady(const Coordinator& coordinator) {
  return coordinator.snapshot()->phase == Snapshot::Phase::kTraining;
}

// Serves what is asked for; null: nothing is.
absl::StatusOr<std::unique_ptr<HttpServer>> StartHttp(
    const RunOptions& options, Coordinator* coordinator) {
  if (options.http.empty()) return std::unique_ptr<HttpServer>();
  HttpPages pages;
  pages.metrics = [coordinator] {
    return coordinator->metrics().Text(*coordinator->snapshot());
  };
  pages.is_ready = [coordinator] { return IsReady(*coordinator); };
  return HttpServer::Start(
      {.address = options.http, .insecure_network = options.insecure_network},
      std::move(pages));
}

// A new front of a search replaces the old one's table.
void WriteFront(const std::string& root, const Progress& progress) {
  if (!progress.search.has_value() || progress.search->front.empty()) return;
  const std::string path = absl::StrCat(root, "/", kParetoFile);
  const absl::Status status = WriteFileAtomically(
      path, ParetoCsv(progress.generation, progress.search->front));
  if (!status.ok()) {
    LOG(WARNING) << path << " could not be written: " << status.message();
  }
}

// Ends the run at a signal; notices when it has ended by itself.
class Watchman {
 public:
  Watchman(const sigset_t& signals, milliseconds grace)
      : signals_(signals), grace_(grace) {}

  absl::Status Watch(Coordinator& coordinator, Service& service,
                     const LocalWorkers* workers, ProgressPainter& painter,
                     RunView& view) {
    while (true) {
      const std::optional<absl::Status> ended = coordinator.WaitFor(kTick);
      painter.Update(view.Of(*coordinator.snapshot()));
      if (!IsReady(coordinator)) service.SetReady(false);
      if (ended.has_value()) return *ended;
      if (workers != nullptr && !workers->status().ok()) {
        coordinator.Stop(milliseconds(0));
        coordinator.Wait().IgnoreError();
        return workers->status();
      }
      TakeSignal(coordinator, painter);
    }
  }
  bool is_interrupted() const { return interrupted_.has_value(); }

 private:
  void TakeSignal(Coordinator& coordinator, ProgressPainter& painter) {
    const timespec no_wait = {0, 0};
    const int signal = sigtimedwait(&signals_, nullptr, &no_wait);
    if (signal <= 0) return;
    const bool again = signal == SIGINT && interrupted_.has_value() &&
                       Clock::now() - *interrupted_ < std::chrono::seconds(5);
    if (!interrupted_.has_value()) {
      painter.Message(
          "Stopping: waiting for results that are under way, then saving. "
          "Ctrl-C again: save at once.");
      coordinator.Stop(grace_);
      interrupted_ = Clock::now();
    } else if (again) {
      coordinator.Stop(milliseconds(0));
    }
  }

  const sigset_t signals_;
  const milliseconds grace_;
  std::optional<Clock::time_point> interrupted_;
};

// A run's directory is open; what follows may happen more than once in it.
class Run {
 public:
  Run(const RunOptions& options, RunDirectory& directory,
      v1::Fingerprint fingerprint, std::optional<TlsFolder> tls,
      const sigset_t& signals)
      : options_(options),
        directory_(directory),
        fingerprint_(std::move(fingerprint)),
        watchman_(signals, options.grace),
        painter_(stderr, options.progress, options.color, /*width=*/0,
                 options.lines) {
    service_options_.listen = options.listen;
    service_options_.insecure_network = options.insecure_network;
    service_options_.tls = std::move(tls);
    if (service_options_.listen.empty()) {
      service_options_.listen.push_back(DefaultAddress(directory.paths()));
    }
  }

  absl::Status ToTheEnd() {
    while (true) {
      ASSIGN_OR_RETURN(const bool is_over, GoOn());
      if (is_over) return status_;
    }
  }

 private:
  // From the newest checkpoint to the end, in status_; false: the run has to
  // go back, and on from there.
  absl::StatusOr<bool> GoOn();
  absl::Status StartWorkers(const std::string& address);

  const RunOptions& options_;
  RunDirectory& directory_;
  const v1::Fingerprint fingerprint_;
  Watchman watchman_;
  ProgressPainter painter_;
  ServiceOptions service_options_;
  std::unique_ptr<LocalWorkers> workers_;
  absl::Status status_;
};

absl::StatusOr<bool> Run::GoOn() {
  const RunPaths& paths = directory_.paths();
  const v1::Experiment& experiment = directory_.experiment();
  const v1::EnvSpec& env_spec = options_.prepared.env_spec;

  ASSIGN_OR_RETURN(std::unique_ptr<RunStore> store, OpenStore(paths.database));
  ASSIGN_OR_RETURN(CheckpointStore checkpoints,
                   CheckpointStore::Open(paths.checkpoints,
                                         CheckpointStore::Access::kOwner));
  RETURN_IF_ERROR(GoBack(options_, checkpoints, *store));
  LoadReport load_report;
  ASSIGN_OR_RETURN(const std::optional<v1::Checkpoint> checkpoint,
                   LoadCheckpoint(directory_, checkpoints, &load_report));

  const int threads =
      std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer,
                   Trainer::Create(experiment, env_spec, threads));
  CoordinatorOptions coordinator_options;
  coordinator_options.fingerprint = fingerprint_;
  coordinator_options.run_directory = paths.root;
  coordinator_options.goes_back = options_.rollback;
  std::atomic<uint64_t> failed_units{0};
  SetLogKey("run", experiment.name());
  coordinator_options.on_generation = [&](const Progress& progress) {
    failed_units += progress.failed_units;
    WriteFront(paths.root, progress);
    SetLogKey("generation", absl::StrCat(progress.generation + 1));
  };
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Coordinator> coordinator,
      Coordinator::Create(experiment, env_spec, std::move(trainer),
                          std::make_unique<DiskStorage>(
                              std::move(store), std::move(checkpoints),
                              directory_.last_incarnation()),
                          checkpoint, std::move(coordinator_options)));
  RETURN_IF_ERROR(directory_.SetIncarnation(coordinator->incarnation()));
  coordinator->metrics().AddCheckpointFallbacks(
      static_cast<int>(load_report.damaged.size()));

  ASSIGN_OR_RETURN(const std::unique_ptr<Service> service,
                   Service::Start(coordinator.get(), service_options_));
  // Should there be a next time, workers find it where they found this one.
  service_options_.listen = service->addresses();
  const std::string& address = service->addresses().front();
  const bool is_secure =
      service_options_.tls.has_value() && !absl::StartsWith(address, "unix:");
  ASSIGN_OR_RETURN(const std::unique_ptr<HttpServer> http,
                   StartHttp(options_, coordinator.get()));
  RETURN_IF_ERROR(directory_.WriteEndpoint(PublicAddress(address), is_secure));
  if (workers_ == nullptr) RETURN_IF_ERROR(StartWorkers(address));

  if (http != nullptr) {
    painter_.Message(absl::StrCat("Serving metrics at ", http->address()));
  }
  if (checkpoint.has_value()) {
    painter_.Message(absl::StrCat("Resuming ", paths.root, " at generation ",
                                  coordinator->snapshot()->generation));
  }
  RunView view(experiment, &failed_units);
  status_ =
      watchman_.Watch(*coordinator, *service, workers_.get(), painter_, view);
  const bool must_go_back =
      options_.rollback && coordinator->suspect_generation().has_value();
  if (must_go_back && !watchman_.is_interrupted()) return false;
  if (must_go_back) {
    status_ = absl::CancelledError("stopped; the next start goes back");
  }
  // While they can still say good-bye.
  workers_.reset();
  return true;
}

absl::Status Run::StartWorkers(const std::string& address) {
  if (options_.local_workers == 0) return absl::OkStatus();
  LocalWorkersOptions worker_options;
  worker_options.program = options_.program;
  worker_options.address = address;
  worker_options.count = options_.local_workers;
  worker_options.arguments = options_.worker_arguments;
  worker_options.log_folder = directory_.paths().logs;
  ASSIGN_OR_RETURN(workers_, LocalWorkers::Start(std::move(worker_options)));
  return absl::OkStatus();
}

}  // namespace

absl::Status RunAggregator(const RunOptions& options) {
  const sigset_t signals = BlockSignals();
  ASSIGN_OR_RETURN(std::optional<TlsFolder> tls, LoadTls(options.tls_folder));

  // The directory decides whether there is a run to go on with.
  RunDirectory::Options directory_options;
  directory_options.resume = options.resume;
  directory_options.allowed_changes = options.allowed_changes;
  ASSIGN_OR_RETURN(v1::Fingerprint fingerprint,
                   ComputeFingerprint(options.prepared.experiment));
  v1::RunStart& start = directory_options.start;
  start.set_time(absl::FormatTime(absl::Now(), absl::UTCTimeZone()));
  start.set_host(HostName());
  start.set_pid(getpid());
  start.set_command_line(options.command_line);
  start.add_versions(fingerprint.build());
  start.add_versions(absl::StrCat("mujoco ", fingerprint.mujoco_version()));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<RunDirectory> directory,
      RunDirectory::Open(options.directory, options.prepared.experiment,
                         directory_options));
  Run run(options, *directory, std::move(fingerprint), std::move(tls), signals);
  return run.ToTheEnd();
}

}  // namespace starling
