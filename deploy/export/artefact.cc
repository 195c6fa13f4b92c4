#include "deploy/export/artefact.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "deploy/export/c_source.h"
#include "deploy/export/compiled_c.h"
#include "deploy/export/golden.h"
#include "google/protobuf/util/json_util.h"
#include "policies/portable/portable_policy.h"
#include "policies/portable/strlp.h"

namespace starling {
namespace {

absl::StatusOr<std::string> ContractJson(const v1::ExportedPolicy& model) {
  v1::ContractFile file;
  file.set_format_version(1);
  *file.mutable_contract() = model.contract();
  if (model.whitening().mean_size() > 0)
    file.add_baked_in("normalisation of observations");
  file.add_baked_in(model.contract().num_choices() > 0
                        ? "choice of the best action"
                        : "scaling and bounds of actions");
  *file.mutable_provenance() = model.provenance();
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(file, &json, options);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat("contract: ", status.ToString()));
  }
  return json;
}

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

}  // namespace

absl::StatusOr<Artefact> WriteArtefact(const v1::ExportedPolicy& model,
                                       const v1::GoldenVectors& golden,
                                       ExportFormat format,
                                       const std::string& name,
                                       const std::string& out) {
  ASSIGN_OR_RETURN(Folder folder, Folder::Create(out));
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
               golden.actions_size() /
                   std::max(1, static_cast<int>(golden.action_size())),
               static_cast<int>(golden.action_size())));
      RETURN_IF_ERROR(Compare(actions, golden));
      artefact.bytes = code.data_bytes;
      break;
    }
  }
  ASSIGN_OR_RETURN(const std::string contract, ContractJson(model));
  RETURN_IF_ERROR(
      WriteFileAtomically(folder.Add("policy_contract.json"), contract));
  RETURN_IF_ERROR(WriteFileWithDigest(folder.Add("golden.bin"),
                                      SerializeDeterministically(golden)));
  artefact.files = folder.Keep();
  return artefact;
}

}  // namespace starling
