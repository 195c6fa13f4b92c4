// Compiled MuJoCo models and their simulation data, owned; and the one place
// that the engine's warnings and errors pass through.
//
//   ASSIGN_OR_RETURN(std::shared_ptr<const MujocoModel> model,
//                    MujocoModel::Load("half_cheetah.xml"));
//   ASSIGN_OR_RETURN(MujocoData data, model->MakeData());
//   mj_step(model->get(), data.get());
//
// Warnings go to the log, once for each distinct message; the counters in
// mjData.warning are what decides an episode. Nothing writes MUJOCO_LOG.TXT.
#ifndef STARLING_ENVS_MUJOCO_MODEL_H_
#define STARLING_ENVS_MUJOCO_MODEL_H_

#include <mujoco/mujoco.h>

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace starling {

struct MujocoDataDeleter {
  void operator()(mjData* data) const { mj_deleteData(data); }
};
// State and scratch memory of one simulation; for one thread at a time.
using MujocoData = std::unique_ptr<mjData, MujocoDataDeleter>;

// A compiled model. Immutable: the engine only reads it, so that threads share
// one. (A renderer that needs other visual settings works on a mj_copyModel.)
class MujocoModel {
 public:
  // `xml_file` is the name of an embedded model ("ant.xml"; one compiled model
  // serves the whole process), or else the path of an MJCF file on disk, whose
  // assets are found beside it. Thread-safe.
  //
  // NotFound: no such name and no such file (the message lists the names);
  // InvalidArgument: the engine refuses the file, with its reason.
  static absl::StatusOr<std::shared_ptr<const MujocoModel>> Load(
      const std::string& xml_file);

  ~MujocoModel() { mj_deleteModel(model_); }
  MujocoModel(const MujocoModel&) = delete;
  MujocoModel& operator=(const MujocoModel&) = delete;

  const mjModel* get() const { return model_; }
  // What Load was asked for.
  const std::string& xml_file() const { return xml_file_; }
  // Of the MJCF file, 32 bytes.
  const std::string& sha256() const { return sha256_; }

  // ResourceExhausted if there is not enough memory.
  absl::StatusOr<MujocoData> MakeData() const;

 private:
  MujocoModel(mjModel* model, std::string xml_file, std::string sha256);
  static absl::StatusOr<std::shared_ptr<const MujocoModel>> LoadEmbedded(
      absl::string_view name, absl::string_view bytes);
  static absl::StatusOr<std::shared_ptr<const MujocoModel>> LoadFromDisk(
      const std::string& path);

  mjModel* model_;
  std::string xml_file_;
  std::string sha256_;
};

// Runs `body`, which calls the engine. Internal, with the engine's message, if
// the engine gives up inside: `body` is then left in the middle (it must hold
// nothing that needs a destructor) and an mjData that it used must be reset or
// deleted. Without this guard such an error ends the process, with its message.
// Costs a few nanoseconds; no allocation unless there is an error.
absl::Status GuardEngine(absl::FunctionRef<void()> body);

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_MODEL_H_
