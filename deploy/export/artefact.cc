#include "deploy/export/artefact.h"

#include <cmath>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "deploy/export/c_source.h"
#include "deploy/export/compiled_c.h"
#include "deploy/export/contract_json.h"
#include "deploy/export/golden.h"
#include "deploy/export/onnx.h"
#include "deploy/export/onnx_run.h"
#include "policies/portable/portable_policy.h"
#include "policies/portable/strlp.h"

namespace starling {
namespace {

// Files of one export; they go with the object unless they are kept.
class Folder {
 public:
  static absl::StatusOr<Folder> Create(const std::string& path) {
    std::error_code error;
    const bool is_new = std::filesystem::create_directories(path, error);
    if (error) {
      return absl::PermissionDeniedError(
          absl::StrCat("--out ", path, ": can't be made: ", error.message()));
    }
    if (!is_new && !std::filesystem::is_empty(path, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--out ", path, " is not empty: name a new folder"));
    }
    return Folder(path, is_new);
  }
  Folder(Folder&& other) noexcept
      : path_(other.path_), is_new_(other.is_new_), files_(other.files_) {
    other.is_kept_ = true;
  }
  ~Folder() {
    if (is_kept_) return;
    std::error_code ignored;
    for (const std::string& file : files_) {
      std::filesystem::remove(Path(file), ignored);
    }
    if (is_new_) std::filesystem::remove(path_, ignored);
  }

  std::string Path(const std::string& file) const {
    return absl::StrCat(path_, "/", file);
  }
  // The name in it of a file that is about to be written.
  std::string Add(const std::string& file) {
    files_.push_back(file);
    return Path(file);
  }
  std::vector<std::string> Keep() {
    is_kept_ = true;
    return files_;
  }

 private:
  Folder(std::string path, bool is_new)
      : path_(std::move(path)), is_new_(is_new) {}

  const std::string path_;
  const bool is_new_;
  std::vector<std::string> files_;
  bool is_kept_ = false;
};

absl::Status Compare(const std::vector<float>& actions,
                     const v1::GoldenVectors& golden) {
  const double error = WorstError(actions, golden.actions());
  if (error == 0) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(
      "self-test: the export's actions differ from the policy's by up to ",
      error, "; it was removed"));
}

absl::StatusOr<int64_t> WritePortable(const v1::ExportedPolicy& model,
                                      const v1::GoldenVectors& golden,
                                      const std::string& path) {
  RETURN_IF_ERROR(WriteStrlp(path, model));
  ASSIGN_OR_RETURN(const v1::ExportedPolicy read, ReadStrlp(path));
  ASSIGN_OR_RETURN(PortablePolicy policy, PortablePolicy::Create(read));
  std::vector<float> actions;
  Eigen::VectorXf action(policy.action_size());
  const int size = policy.state_size();
  const int count =
      golden.actions_size() / std::max<int>(policy.action_size(), 1);
  for (int i = 0; i < count; ++i) {
    policy.Act(
        Eigen::Map<const Eigen::VectorXf>(
            golden.states().data() + static_cast<ptrdiff_t>(i) * size, size),
        action);
    actions.insert(actions.end(), action.begin(), action.end());
  }
  RETURN_IF_ERROR(Compare(actions, golden));
  return static_cast<int64_t>(std::filesystem::file_size(path));
}

// An ONNX runtime sums in its own order: actions agree up to rounding, and of
// two choices that are worth the same either will do.
absl::Status CompareRounded(const std::vector<float>& actions,
                            const v1::ExportedPolicy& model,
                            const v1::GoldenVectors& golden) {
  constexpr float kRounding = 1e-5f;
  if (static_cast<int>(actions.size()) != golden.actions_size()) {
    return absl::AbortedError(absl::StrCat("self-test: the export answers ",
                                           actions.size(), " numbers, not ",
                                           golden.actions_size()));
  }
  ASSIGN_OR_RETURN(PortablePolicy policy, PortablePolicy::Create(model));
  Eigen::VectorXf action(policy.action_size());
  const ptrdiff_t size = policy.state_size();
  for (size_t i = 0; i < actions.size(); ++i) {
    const float expected = golden.actions(static_cast<int>(i));
    const float allowed = kRounding * (1 + std::fabs(expected));
    if (std::fabs(actions[i] - expected) <= allowed) continue;
    const auto number = static_cast<float>(model.contract().num_choices());
    if (actions[i] >= 0 && actions[i] < number) {
      policy.Act(
          Eigen::Map<const Eigen::VectorXf>(
              golden.states().data() + static_cast<ptrdiff_t>(i) * size, size),
          action);
      const float* const worth = policy.values().data() +
                                 policy.values().size() -
                                 model.contract().num_choices();
      const float best = worth[static_cast<int>(expected)];
      if (best - worth[static_cast<int>(actions[i])] <=
          kRounding * (1 + std::fabs(best))) {
        continue;
      }
    }
    return absl::AbortedError(absl::StrCat(
        "self-test: the export answers ", actions[i], " where the policy does ",
        expected, ": more than rounding (", allowed, "); it was removed"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Artefact> WriteArtefact(const v1::ExportedPolicy& model,
                                       const v1::GoldenVectors& golden,
                                       ExportFormat format,
                                       const std::string& name,
                                       const std::string& out) {
  ASSIGN_OR_RETURN(const std::string contract, ContractJson(model));
  ASSIGN_OR_RETURN(Folder folder, Folder::Create(out));
  const int action_size = static_cast<int>(golden.action_size());
  const int num_states = golden.actions_size() / std::max(1, action_size);
  Artefact artefact;
  switch (format) {
    case ExportFormat::kStrlp: {
      ASSIGN_OR_RETURN(
          artefact.bytes,
          WritePortable(model, golden, folder.Add(name + ".strlp")));
      break;
    }
    case ExportFormat::kC: {
      ASSIGN_OR_RETURN(const CSource code, WriteC(model, name));
      RETURN_IF_ERROR(
          WriteFileAtomically(folder.Add(name + ".h"), code.header));
      RETURN_IF_ERROR(
          WriteFileAtomically(folder.Add(name + ".c"), code.source));
      ASSIGN_OR_RETURN(
          const std::vector<float> actions,
          RunC(code, name, {golden.states().begin(), golden.states().end()},
               num_states, action_size));
      RETURN_IF_ERROR(Compare(actions, golden));
      artefact.bytes = code.data_bytes;
      break;
    }
    case ExportFormat::kOnnx: {
      const std::string path = folder.Add(name + ".onnx");
      ASSIGN_OR_RETURN(const std::string onnx,
                       WriteOnnx(model, name, contract));
      RETURN_IF_ERROR(WriteFileAtomically(path, onnx));
      ASSIGN_OR_RETURN(const std::string read, ReadFile(path));
      ASSIGN_OR_RETURN(
          const std::vector<float> actions,
          RunOnnx(read, {golden.states().begin(), golden.states().end()},
                  num_states));
      RETURN_IF_ERROR(CompareRounded(actions, model, golden));
      artefact.bytes = static_cast<int64_t>(onnx.size());
      break;
    }
  }
  RETURN_IF_ERROR(
      WriteFileAtomically(folder.Add("policy_contract.json"), contract));
  RETURN_IF_ERROR(WriteFileAtomically(folder.Add("policy_contract.schema.json"),
                                      kContractSchema));
  RETURN_IF_ERROR(WriteFileWithDigest(folder.Add("golden.bin"),
                                      SerializeDeterministically(golden)));
  artefact.files = folder.Keep();
  return artefact;
}

}  // namespace starling
