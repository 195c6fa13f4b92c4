#include "envs/mujoco/model.h"

#include <csetjmp>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/status.h"
#include "envs/mujoco/embedded_models.h"

namespace starling {
namespace {

// More than any honest MJCF file; meshes and textures are not in it.
constexpr uint64_t kMaxFileBytes = uint64_t{64} << 20;

// Where an engine error of this thread goes: null outside of GuardEngine.
thread_local std::jmp_buf* t_escape = nullptr;
thread_local char t_error[1024];
// This thread is compiling an embedded model.
thread_local bool t_is_loading_embedded = false;

// True for the first message of its kind. The simulated time that the engine
// appends is no part of the kind.
bool IsNewMessage(absl::string_view message) {
  static std::mutex mutex;
  static auto* seen = new std::set<std::string>;
  const std::string kind(message.substr(0, message.find(" Time = ")));
  const std::lock_guard<std::mutex> lock(mutex);
  return seen->insert(kind).second;
}

void OnWarning(const char* message) {
  if (!IsNewMessage(message)) return;
  // Nobody can mend the official files.
  if (t_is_loading_embedded) {
    LOG(INFO) << "MuJoCo: " << message;
  } else {
    LOG(WARNING) << "MuJoCo: " << message
                 << " (further warnings of this kind are not shown)";
  }
}

void OnError(const char* message) {
  if (t_escape == nullptr) LOG(FATAL) << "MuJoCo: " << message;
  std::strncpy(t_error, message, sizeof(t_error) - 1);
  std::longjmp(*t_escape, 1);
}

void InstallHandlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    mju_user_warning = OnWarning;
    mju_user_error = OnError;
  });
}

// False if an engine error cut `body` short. Has no variable of its own that a
// jump could spoil.
bool RunToTheEnd(std::jmp_buf& escape, absl::FunctionRef<void()> body) {
  if (setjmp(escape) != 0) return false;
  body();
  return true;
}

// mj_loadXML with its two ways to fail as one.
absl::StatusOr<mjModel*> Compile(const std::string& file, const mjVFS* vfs) {
  char error[1024] = "";
  mjModel* model = nullptr;
  absl::Status status = GuardEngine(
      [&] { model = mj_loadXML(file.c_str(), vfs, error, sizeof(error)); });
  if (!status.ok() || model == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "xml_file ", file,
        ": MuJoCo cannot load it: ", status.ok() ? error : status.message()));
  }
  return model;
}

}  // namespace

absl::Status GuardEngine(absl::FunctionRef<void()> body) {
  InstallHandlers();
  std::jmp_buf escape;
  std::jmp_buf* const outer = std::exchange(t_escape, &escape);
  const bool is_complete = RunToTheEnd(escape, body);
  t_escape = outer;
  if (is_complete) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("MuJoCo: ", t_error));
}

MujocoModel::MujocoModel(mjModel* model, std::string xml_file,
                         std::string sha256)
    : model_(model),
      xml_file_(std::move(xml_file)),
      sha256_(std::move(sha256)) {}

absl::StatusOr<std::shared_ptr<const MujocoModel>> MujocoModel::Load(
    const std::string& xml_file) {
  InstallHandlers();
  // The lock also keeps the engine's compiler to one thread.
  static std::mutex mutex;
  static auto* loaded =
      new std::map<std::string, std::weak_ptr<const MujocoModel>>;
  const std::lock_guard<std::mutex> lock(mutex);

  for (const EmbeddedModel& file : EmbeddedModels()) {
    if (file.name != xml_file) continue;
    std::weak_ptr<const MujocoModel>& shared = (*loaded)[xml_file];
    if (std::shared_ptr<const MujocoModel> model = shared.lock()) return model;
    ASSIGN_OR_RETURN(std::shared_ptr<const MujocoModel> model,
                     LoadEmbedded(file.name, file.bytes));
    shared = model;
    return model;
  }
  return LoadFromDisk(xml_file);
}

absl::StatusOr<std::shared_ptr<const MujocoModel>> MujocoModel::LoadEmbedded(
    absl::string_view name, absl::string_view bytes) {
  const std::string file(name);
  mjVFS vfs;
  mj_defaultVFS(&vfs);
  CHECK_EQ(mj_addBufferVFS(&vfs, file.c_str(), bytes.data(),
                           static_cast<int>(bytes.size())),
           0)
      << file;
  t_is_loading_embedded = true;
  absl::StatusOr<mjModel*> model = Compile(file, &vfs);
  t_is_loading_embedded = false;
  mj_deleteVFS(&vfs);
  RETURN_IF_ERROR(model.status());
  return std::shared_ptr<const MujocoModel>(
      new MujocoModel(*model, file, Sha256(bytes)));
}

absl::StatusOr<std::shared_ptr<const MujocoModel>> MujocoModel::LoadFromDisk(
    const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path, kMaxFileBytes);
  if (absl::IsNotFound(bytes.status())) {
    std::vector<std::string> names;
    for (const EmbeddedModel& file : EmbeddedModels()) {
      names.emplace_back(file.name);
    }
    const std::string nearest = Nearest(path, names);
    return absl::NotFoundError(absl::StrCat(
        "xml_file \"", path, "\" is neither a file nor a model that is built ",
        "in", nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest),
        "? Built in: ", absl::StrJoin(names, ", ")));
  }
  RETURN_IF_ERROR(bytes.status());
  ASSIGN_OR_RETURN(mjModel * model, Compile(path, nullptr));
  return std::shared_ptr<const MujocoModel>(
      new MujocoModel(model, path, Sha256(*bytes)));
}

absl::StatusOr<MujocoData> MujocoModel::MakeData() const {
  mjData* data = nullptr;
  absl::Status status = GuardEngine([&] { data = mj_makeData(model_); });
  if (!status.ok() || data == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "xml_file ", xml_file_, ": no memory for its simulation data: ",
        status.ok() ? "mj_makeData failed" : status.message()));
  }
  return MujocoData(data);
}

}  // namespace starling
