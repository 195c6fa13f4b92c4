// starling export: a policy for a robot.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/policy_argument.h"
#include "deploy/cli/verb.h"
#include "deploy/export/artefact.h"
#include "deploy/export/c_source.h"
#include "deploy/export/exporter.h"
#include "deploy/export/golden.h"
#include "deploy/export/quantize.h"
#include "policies/portable/portable_policy.h"
#include "workers/policy_evaluation.h"

namespace starling {
namespace {

// Episodes and states to calibrate and to test with.
constexpr int kRecordedEpisodes = 3, kRecordedStates = 1000;

class Export : public Verb {
 public:
  void Declare(CLI::App& app) override {
    policy_.Declare(app);
    AddChoice(app, "--format", &format_, {"strlp", "c", "onnx"},
              "strlp: one file for Starling's own runtime. c: C99 source and "
              "header, for anything. onnx: for runtimes that read it.")
        ->required();
    AddChoice(app, "--quantize", &quantize_, {"none", "fp16", "int8"},
              "Bits of a weight: 32, 16, or 8 with a scale for each unit.");
    AddText(app, "--out", &out_, "DIR", "A new folder, or an empty one.")
        ->required();
    AddText(app, "--name", &name_, "NAME",
            "Of the files, and in C of the function. Default: the "
            "experiment's.");
    AddInteger(app, "--episodes", &episodes_, 2, 100000,
               "Episodes that measure the policy before and after, on the same "
               "seeds.");
    AddNumber(
        app, "--max_return_loss", &max_loss_, -1, 1e9,
        "Percent of the mean return. An export that loses more fails. -1: "
        "any loss will do.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const LoadedPolicy policy, policy_.Load());
    ASSIGN_OR_RETURN(const v1::ExportedPolicy whole, ToModel(policy));
    ASSIGN_OR_RETURN(const std::vector<Eigen::VectorXf> states,
                     RecordStates(whole, kRecordedEpisodes, kRecordedStates));
    const Quantization quantization = quantize_ == "int8" ? Quantization::kInt8
                                      : quantize_ == "fp16"
                                          ? Quantization::kFp16
                                          : Quantization::kNone;
    ASSIGN_OR_RETURN(const v1::ExportedPolicy model,
                     Quantize(whole, quantization, states));
    ASSIGN_OR_RETURN(const v1::GoldenVectors golden,
                     MakeGolden(model, whole, GoldenStates(whole, states)));

    ASSIGN_OR_RETURN(const PolicyEvaluation before,
                     EvaluatePolicy(policy.experiment, policy.state, episodes_,
                                    kSeed, Threads()));
    ASSIGN_OR_RETURN(const RunOfExport run, AsRun(model));
    ASSIGN_OR_RETURN(
        const PolicyEvaluation after,
        EvaluatePolicy(run.experiment, run.state, episodes_, kSeed, Threads()));
    const double loss = 100 * (before.mean - after.mean) /
                        std::max(std::fabs(before.mean), 1e-9);
    if (max_loss_ >= 0 && loss > max_loss_) {
      return absl::AbortedError(absl::StrFormat(
          "the mean return falls from %.6g to %.6g, by %.3g %%: more than "
          "--max_return_loss %g; nothing was written",
          before.mean, after.mean, loss, max_loss_));
    }

    const std::string name =
        CIdentifier(name_.empty() ? policy.experiment.name() : name_);
    ASSIGN_OR_RETURN(const Artefact artefact,
                     WriteArtefact(model, golden,
                                   format_ == "c"      ? ExportFormat::kC
                                   : format_ == "onnx" ? ExportFormat::kOnnx
                                                       : ExportFormat::kStrlp,
                                   name, out_));
    return Report(model, golden, artefact, before, after);
  }

 private:
  static constexpr uint64_t kSeed = 1;

  static int Threads() {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }

  // An exported file is taken as it is.
  static absl::StatusOr<v1::ExportedPolicy> ToModel(
      const LoadedPolicy& policy) {
    if (policy.experiment.policy().has_exported()) {
      return policy.experiment.policy().exported().model();
    }
    ASSIGN_OR_RETURN(
        v1::ExportedPolicy model,
        ExportPolicy(policy.experiment, policy.env_spec, policy.state));
    model.mutable_provenance()->set_run_signature(policy.signature);
    return model;
  }

  absl::Status Report(const v1::ExportedPolicy& model,
                      const v1::GoldenVectors& golden, const Artefact& artefact,
                      const PolicyEvaluation& before,
                      const PolicyEvaluation& after) const {
    ASSIGN_OR_RETURN(const PortablePolicy portable,
                     PortablePolicy::Create(model));
    const double error = WorstError(golden.actions(), golden.reference());
    const auto interval = [](const PolicyEvaluation& of) {
      return std::vector<double>{of.mean - of.ci95, of.mean + of.ci95};
    };
    JsonObject json;
    json.Set("format", format_)
        .Set("quantize", quantize_)
        .Set("bytes", artefact.bytes)
        .Set("parameters", portable.num_parameters())
        .Set("max_abs_error", error)
        .Set("golden_vectors",
             golden.actions_size() / static_cast<int>(golden.action_size()))
        .Set("episodes", episodes_)
        .Set("return_before", before.mean)
        .Set("return_before_ci95", interval(before))
        .Set("return_after", after.mean)
        .Set("return_after_ci95", interval(after))
        .Set("files", artefact.files);
    RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(out_, "/report.json"),
                                        json.text() + "\n"));
    std::cerr << absl::StrFormat(
        "%d weights and offsets, %d bytes%s\n"
        "largest difference of an action  %.3g, over %d golden vectors\n"
        "return before                    %.6g +- %.3g\n"
        "return after                     %.6g +- %.3g, the same %d seeds\n",
        portable.num_parameters(), artefact.bytes,
        format_ == "c" ? " of constants" : "", error,
        golden.actions_size() / golden.action_size(), before.mean, before.ci95,
        after.mean, after.ci95, episodes_);
    std::cout << json.text() << "\n";
    return absl::OkStatus();
  }

  PolicyArgument policy_;
  std::string format_, out_, name_;
  std::string quantize_ = "none";
  int episodes_ = 100;
  double max_loss_ = -1;
};

STARLING_REGISTER_VERB(
    export_policy, Export,
    {"export",
     VerbGroup::kPolicy,
     "Writes a policy for a robot, with its contract, and tests it first.",
     {"starling export runs/inverted_pendulum_ars-s1 --format c --quantize "
      "int8 "
      "--episodes 5 --out runs/pole_c",
      "starling export runs/inverted_pendulum_ars-s1 --format strlp --episodes "
      "5 --out runs/pole_strlp && starling eval "
      "runs/pole_strlp/inverted_pendulum_ars.strlp --episodes 5"}});

}  // namespace
}  // namespace starling
