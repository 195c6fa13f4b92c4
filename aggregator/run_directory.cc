#include "aggregator/run_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "aggregator/checkpoint.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/resolve.h"
#include "base/status.h"
#include "base/text_proto.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxNameLength = 64;
constexpr int kMaxStarts = 100;
constexpr char kConfigHeader[] =
    "# The experiment of this run, every default written out. A record: "
    "changing it\n# changes nothing, except that the run no longer accepts its "
    "own experiment.\n";

// mkdir -p with mode 0750.
absl::Status MakeFolder(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    struct stat information;
    const int mkdir_error =
        mkdir(part.c_str(), 0750) == 0 ? 0 : errno;  // often EEXIST
    if (stat(part.c_str(), &information) != 0 ||
        !S_ISDIR(information.st_mode)) {
      const int error = mkdir_error == EEXIST ? ENOTDIR : mkdir_error;
      const std::string message = absl::StrCat(
          "can't create the run directory ", path, ": ", part, ": ",
          std::strerror(error), ". Give another one with --run");
      return error == ENOSPC || error == EDQUOT
                 ? absl::ResourceExhaustedError(message)
                 : absl::PermissionDeniedError(message);
    }
    if (end == std::string::npos) return absl::OkStatus();
  }
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  while (!error && entry != fs::directory_iterator()) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Whether an aggregator, or a script that starts one, may have left `name`
// before the configuration was written.
bool MayPrecedeConfig(absl::string_view name) {
  return name == "run.lock" || name == "logs" || name == "checkpoints" ||
         name == "videos" || absl::StrContains(name, ".tmp");
}

bool HasCheckpointFiles(const std::string& folder) {
  const std::vector<std::string> names = NamesIn(folder);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return absl::StartsWith(name, "ckpt-") &&
           absl::StrContains(name, ".strl") && !absl::StrContains(name, ".tmp");
  });
}

bool IsAllowed(const FieldChange& change,
               const std::vector<std::string>& allowed) {
  return std::any_of(
      allowed.begin(), allowed.end(), [&](const std::string& path) {
        return change.path == path ||
               absl::StartsWith(change.path, absl::StrCat(path, "."));
      });
}

// Only paths that exist and that never touch what a generation computes.
absl::Status CheckAllowed(const std::vector<std::string>& allowed) {
  const auto& budget = *v1::Budget::descriptor();
  std::vector<std::string> possible = {"audit_fraction", "budget"};
  for (int i = 0; i < budget.field_count(); ++i) {
    possible.push_back("budget." + budget.field(i)->name());
  }
  for (const std::string& path : allowed) {
    if (std::find(possible.begin(), possible.end(), path) == possible.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--allow_config_change: \"", path,
          "\" can't change within a run, because its outcome would no longer "
          "be a function of its experiment. What can: ",
          absl::StrJoin(possible, ", "),
          ". For anything else start another "
          "run with --run"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRunName(absl::string_view name) {
  const bool is_allowed =
      !name.empty() && name.size() <= kMaxNameLength && name[0] != '.' &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      });
  if (is_allowed) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "name: \"", name.substr(0, 2 * kMaxNameLength),
      "\" must be 1 to 64 letters, digits, '.', '_' or '-', without a leading "
      "dot: it names the run's directory"));
}

std::string DefaultRunPath(const v1::Experiment& experiment) {
  return absl::StrCat("runs/", experiment.name(), "-s", experiment.seed());
}

std::string ConfigDigest(const v1::Experiment& experiment) {
  return Sha256(SerializeDeterministically(Resolve(experiment)));
}

absl::StatusOr<std::vector<FieldChange>> CheckSameExperiment(
    const v1::Experiment& stored, const v1::Experiment& wanted,
    const std::vector<std::string>& allowed) {
  RETURN_IF_ERROR(CheckAllowed(allowed));
  const std::vector<FieldChange> changes =
      DiffMessages(Resolve(stored), Resolve(wanted));
  std::vector<std::string> refused;
  for (const FieldChange& change : changes) {
    if (!IsAllowed(change, allowed)) {
      refused.push_back(absl::StrCat("\n  ", change.ToString()));
    }
  }
  if (refused.empty()) return changes;
  return absl::InvalidArgumentError(absl::StrCat(
      "the run belongs to another experiment (stored -> wanted):",
      absl::StrJoin(refused, ""),
      "\nGive this one another directory with --run, or, for the budget or "
      "audit_fraction, allow the change with --allow_config_change=budget"));
}

RunPaths::RunPaths(const std::string& path) {
  root = path;
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  config = root + "/config.textproto";
  meta = root + "/meta.json";
  endpoint = root + "/endpoint";
  lock = root + "/run.lock";
  checkpoints = root + "/checkpoints";
  database = root + "/run.db";
  videos = root + "/videos";
  logs = root + "/logs";
  failed = root + "/failed";
}

absl::StatusOr<v1::Experiment> ReadRunExperiment(const std::string& path) {
  const RunPaths paths(path);
  v1::Experiment experiment;
  const absl::Status status = ReadTextProto(paths.config, &experiment);
  if (status.ok()) return Resolve(experiment);
  if (!FileExists(paths.config) && !HasCheckpointFiles(paths.checkpoints)) {
    return absl::NotFoundError(
        absl::StrCat(path, " is no run directory: there is no ", paths.config));
  }
  ASSIGN_OR_RETURN(const CheckpointStore store,
                   CheckpointStore::Open(paths.checkpoints,
                                         CheckpointStore::Access::kReader));
  const absl::StatusOr<v1::Checkpoint> checkpoint = store.LoadNewest(nullptr);
  if (!checkpoint.ok()) {
    return absl::DataLossError(absl::StrCat(
        "the experiment of ", path, " can't be read: ", status.message(), "; ",
        checkpoint.status().message()));
  }
  LOG(WARNING) << "the experiment is taken from the newest checkpoint: "
               << status.message();
  return Resolve(checkpoint->experiment());
}

absl::StatusOr<v1::RunMeta> ReadRunMeta(const std::string& path) {
  const RunPaths paths(path);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(paths.meta));
  v1::RunMeta meta;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status =
      google::protobuf::util::JsonStringToMessage(text, &meta, options);
  if (status.ok()) return meta;
  return absl::DataLossError(absl::StrCat(paths.meta, ": ", status.ToString()));
}

absl::StatusOr<v1::RunEndpoint> ParseEndpoint(absl::string_view text,
                                              const std::string& origin) {
  v1::RunEndpoint endpoint;
  RETURN_IF_ERROR(ParseTextProto(text, origin, &endpoint));
  if (endpoint.address().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, " holds no address"));
  }
  return endpoint;
}

absl::StatusOr<v1::RunEndpoint> ReadEndpoint(const std::string& endpoint_file) {
  const absl::StatusOr<std::string> text = ReadFile(endpoint_file);
  if (absl::IsNotFound(text.status())) {
    return absl::UnavailableError(absl::StrCat(
        endpoint_file, " is not there: no aggregator of the run is up"));
  }
  RETURN_IF_ERROR(text.status());
  return ParseEndpoint(*text, endpoint_file);
}

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::Open(
    const std::string& path, const v1::Experiment& experiment,
    const Options& options) {
  RETURN_IF_ERROR(ValidateRunName(experiment.name()));
  RETURN_IF_ERROR(CheckAllowed(options.allowed_changes));
  if (path.empty()) {
    return absl::InvalidArgumentError("the run directory's name is empty");
  }
  RunPaths paths(path);
  RETURN_IF_ERROR(MakeFolder(paths.root));
  v1::RunHolder holder;
  if (options.start.has_pid()) {
    holder.set_host(options.start.host());
    holder.set_pid(options.start.pid());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<RunLock> lock,
                   RunLock::Acquire(paths.lock, holder));
  std::unique_ptr<RunDirectory> directory(
      new RunDirectory(std::move(paths), Resolve(experiment), std::move(lock)));
  RETURN_IF_ERROR(directory->CompareWithStored(options));

  // The configuration first: from here on the directory is a run's.
  RETURN_IF_ERROR(directory->WriteConfig());
  for (const std::string& folder :
       {directory->paths_.checkpoints, directory->paths_.videos,
        directory->paths_.logs}) {
    RETURN_IF_ERROR(MakeFolder(folder));
  }
  // Of an aggregator that died: nobody answers there.
  unlink(directory->paths_.endpoint.c_str());
  RETURN_IF_ERROR(directory->RecordStart(options.start));
  return directory;
}

RunDirectory::~RunDirectory() { unlink(paths_.endpoint.c_str()); }

absl::Status RunDirectory::CompareWithStored(const Options& options) {
  std::vector<std::string> foreign;
  for (const std::string& name : NamesIn(paths_.root)) {
    if (!MayPrecedeConfig(name)) foreign.push_back(name);
  }
  has_checkpoint_ = HasCheckpointFiles(paths_.checkpoints);
  if (options.resume == ResumeMode::kNever &&
      (!foreign.empty() || has_checkpoint_)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--resume=never: ", paths_.root, " is not empty",
        foreign.empty() ? "" : absl::StrCat(" (", foreign.front(), ", ..)"),
        ". Give another directory with --run, or let the run go on with "
        "--resume=auto"));
  }
  if (options.resume == ResumeMode::kMust && !has_checkpoint_) {
    return absl::NotFoundError(absl::StrCat(
        "--resume=must: there is no checkpoint in ", paths_.checkpoints));
  }
  const absl::StatusOr<v1::Experiment> stored = ReadRunExperiment(paths_.root);
  if (absl::IsNotFound(stored.status())) {
    if (foreign.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        paths_.root, " is not empty and no run directory (it holds ",
        foreign.front(), "): give another one with --run"));
  }
  RETURN_IF_ERROR(stored.status());
  absl::StatusOr<std::vector<FieldChange>> changes =
      CheckSameExperiment(*stored, experiment_, options.allowed_changes);
  if (!changes.ok()) {
    return absl::Status(
        changes.status().code(),
        absl::StrCat(paths_.root, ": ", changes.status().message()));
  }
  changes_ = *std::move(changes);
  return absl::OkStatus();
}

absl::Status RunDirectory::WriteConfig() const {
  std::string text;
  CHECK(google::protobuf::TextFormat::PrintToString(experiment_, &text));
  return WriteFileAtomically(paths_.config, absl::StrCat(kConfigHeader, text));
}

absl::Status RunDirectory::RecordStart(v1::RunStart start) const {
  // A damaged record is no reason not to compute.
  v1::RunMeta meta;
  if (FileExists(paths_.meta)) {
    const absl::StatusOr<v1::RunMeta> read = ReadRunMeta(paths_.root);
    if (read.ok()) {
      meta = *read;
    } else {
      LOG(WARNING) << "earlier starts are forgotten: " << read.status();
    }
  }
  meta.set_name(experiment_.name());
  meta.set_config_sha256(Hex(ConfigDigest(experiment_)));
  if (meta.starts_size() >= kMaxStarts) {
    meta.mutable_starts()->DeleteSubrange(
        1, meta.starts_size() - (kMaxStarts - 1));
  }
  for (const FieldChange& change : changes_) {
    start.add_config_changes(change.ToString());
  }
  *meta.add_starts() = std::move(start);
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(meta, &json, options);
  CHECK(status.ok()) << status.ToString();
  return WriteFileAtomically(paths_.meta, json);
}

absl::Status RunDirectory::WriteEndpoint(const std::string& address, bool tls) {
  v1::RunEndpoint endpoint;
  endpoint.set_address(address);
  endpoint.set_run(experiment_.name());
  endpoint.set_tls(tls);
  std::string text;
  CHECK(google::protobuf::TextFormat::PrintToString(endpoint, &text));
  return WriteFileAtomically(paths_.endpoint, text);
}

}  // namespace starling
