// starling bench features: what random features cost in accuracy.
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/bench/features_bench.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"
#include "deploy/plot/gnuplot.h"
#include "policies/attention/kernel_error.h"

namespace starling {
namespace {

class BenchFeatures : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddNumber(app, "--norm", &options_.norm, 0.01, 5,
              "Length of query and key. Errors grow like e^(2 norm^2).");
    AddInteger(app, "--projections", &options_.projections, 2, 65536,
               "Of each kind; hybrids spend an eighth on their weights.");
    AddInteger(app, "--dim", &options_.dim, 2, 4096, "Numbers of a token.");
    AddInteger(app, "--draws", &options_.draws, 2, 1000000,
               "Maps that are drawn for each number.");
    AddText(app, "--out", &out_, "F.png|F.svg", "Draws the errors as well.");
    app.add_flag("--json", json_, "Prints one JSON object a kind.");
  }

  absl::Status Run() override {
    PictureFormat format = PictureFormat::kPng;
    if (!out_.empty()) {
      ASSIGN_OR_RETURN(format, PictureFormatOf(out_));
    }
    ASSIGN_OR_RETURN(const FeaturesBench bench, MeasureFeatures(options_));
    if (!json_) PrintHead(bench);
    for (const FeaturesRow& row : bench.rows) {
      json_ ? PrintJson(bench, row) : Print(row);
      const std::string warning = WarningOfError(row.config, options_.norm);
      if (!warning.empty()) LOG(WARNING) << warning;
    }
    if (out_.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::string picture,
                     RunGnuplot(FeaturesPicture(
                         bench, options_, TerminalLine(format, 900, 500))));
    return WriteFileAtomically(out_, picture);
  }

 private:
  static void PrintHead(const FeaturesBench& bench) {
    std::cout << "error of exp(q . k), relative, by the angle between them\n"
              << absl::StrFormat("%-28s %6s", "", "length");
    for (const double degrees : bench.degrees) {
      std::cout << absl::StrFormat(" %7s", absl::StrCat(degrees, " deg"));
    }
    std::cout << absl::StrFormat(" %7s %7s\n", "worst", "mean");
  }
  static void Print(const FeaturesRow& row) {
    const auto line = [](const std::string& name, const std::string& length,
                         const std::vector<double>& errors) {
      std::cout << absl::StrFormat("%-28s %6s", name, length);
      for (const double error : errors) {
        std::cout << absl::StrFormat(" %7.4f", error);
      }
    };
    line(row.kind, absl::StrCat(row.feature_dim), row.expected);
    std::cout << absl::StrFormat(" %7.4f %7.4f\n", row.worst, row.mean);
    line("  measured, independent rows", "", row.independent);
    std::cout << "\n";
    line("  measured, orthogonal rows", "", row.orthogonal);
    std::cout << std::endl;
  }
  static void PrintJson(const FeaturesBench& bench, const FeaturesRow& row) {
    JsonObject object;
    object.Set("kind", row.kind)
        .Set("feature_dim", row.feature_dim)
        .Set("degrees", bench.degrees)
        .Set("expected", row.expected)
        .Set("independent", row.independent)
        .Set("orthogonal", row.orthogonal)
        .Set("worst", row.worst)
        .Set("mean", row.mean);
    std::cout << object.text() << std::endl;
  }

  FeaturesBenchOptions options_;
  std::string out_;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    bench_features, BenchFeatures,
    {"bench features",
     VerbGroup::kMachine,
     "Measures how far random features are from the kernel that they estimate.",
     {"starling bench features --draws 200",
      "starling bench features --norm 1.5 --projections 64 --draws 100 --out "
      "features.png"}});

}  // namespace
}  // namespace starling
