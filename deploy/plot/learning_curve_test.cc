#include "deploy/plot/learning_curve.h"

#include <cmath>
#include <filesystem>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aggregator/run_directory.h"
#include "base/file.h"
#include "base/text_proto.h"
#include "deploy/plot/curve_series.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Returns rise by 10 a generation from `first`; every third is evaluated.
RunCurve Curve(const std::string& name, int seed, double first,
               int num_generations) {
  RunCurve curve;
  curve.name = name;
  curve.label = absl::StrCat(name, ", seed ", seed);
  curve.env = "pendulum";
  curve.kind = name;
  for (int i = 0; i < num_generations; ++i) {
    ProgressRow row;
    row.progress.generation = i;
    row.progress.env_steps = 1000 * (i + 1);
    const double mean = first + 10 * i;
    row.progress.training = {64, mean, 2, mean - 7, mean + 5, 200};
    if (i % 3 == 0) {
      row.progress.fixed = {20, mean + 1, 1, 0, 0, 200};
      row.progress.fresh = {20, mean - 1, 1, 0, 0, 200};
    }
    curve.rows.push_back(row);
  }
  return curve;
}

TEST(CurveSeriesTest, TrainingStandsAtItsEndAndEvaluationAtItsBeginning) {
  const auto all = MakeSeries({Curve("a", 1, 5, 4)}, CurveOptions());

  ASSERT_THAT(all, SizeIs(1));
  ASSERT_THAT(all[0].training, SizeIs(4));
  EXPECT_EQ(all[0].training[0].x, 1000);
  EXPECT_EQ(all[0].training[3].y, 35);
  EXPECT_EQ(all[0].training[3].low, 33);
  EXPECT_EQ(all[0].training[3].high, 37);
  ASSERT_THAT(all[0].fixed, SizeIs(2));
  EXPECT_EQ(all[0].fixed[0].x, 0);
  EXPECT_EQ(all[0].fixed[1].x, 3000);
  EXPECT_EQ(all[0].fixed[1].y, 36);
  EXPECT_EQ(all[0].fresh[1].y, 34);
}

TEST(CurveSeriesTest, CountsGenerationsAndShowsExtremesWhereAsked) {
  CurveOptions options;
  options.axis = CurveOptions::Axis::kGenerations;
  options.band = CurveOptions::Band::kMinMax;

  const auto all = MakeSeries({Curve("a", 1, 5, 4)}, options);

  EXPECT_EQ(all[0].training[3].x, 3);
  EXPECT_EQ(all[0].training[3].low, 28);
  EXPECT_EQ(all[0].training[3].high, 40);
  EXPECT_EQ(all[0].fixed[1].x, 3);
}

TEST(CurveSeriesTest, SeedsAreJoinedToTheirMedianAndExtremes) {
  const auto all = MakeSeries({Curve("a", 1, 0, 5), Curve("b", 1, 0, 9),
                               Curve("a", 2, 100, 6), Curve("a", 3, 30, 7)},
                              CurveOptions());

  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].title, "a, 3 seeds");
  EXPECT_EQ(all[0].num_runs, 3);
  ASSERT_THAT(all[0].training, SizeIs(5)) << "the shortest run ends it";
  EXPECT_EQ(all[0].training[1].y, 40);
  EXPECT_EQ(all[0].training[1].low, 10);
  EXPECT_EQ(all[0].training[1].high, 110);
  EXPECT_THAT(all[1].training, SizeIs(9));
}

TEST(CurveSeriesTest, OfTwoSeedsTheMedianIsTheMiddle) {
  const auto all =
      MakeSeries({Curve("a", 1, 0, 2), Curve("a", 2, 10, 2)}, CurveOptions());

  EXPECT_EQ(all[0].training[0].y, 5);
}

TEST(CurveSeriesTest, SeedsStayApartWhereAsked) {
  CurveOptions options;
  options.join_seeds = false;

  const auto all =
      MakeSeries({Curve("a", 1, 0, 5), Curve("a", 1, 9, 5)}, options);

  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].title, "a, seed 1");
  EXPECT_EQ(all[1].title, "a, seed 1 (2)");
}

TEST(CurveSeriesTest, WhatIsNoNumberIsLeftOut) {
  RunCurve curve = Curve("a", 1, 0, 4);
  curve.rows[1].progress.training.mean =
      std::numeric_limits<double>::quiet_NaN();
  curve.rows[2].progress.training.std = std::numeric_limits<double>::infinity();
  // An evaluation alone, after the last update.
  curve.rows[3].progress.training = ReturnSummary();

  const auto all = MakeSeries({curve}, CurveOptions());

  EXPECT_THAT(all[0].training, SizeIs(1));
  EXPECT_THAT(all[0].fixed, SizeIs(2));
}

TEST(CurveScriptTest, DrawsPicturesOfOneAndOfSeveralRuns) {
  const std::vector<RunCurve> curves = {Curve("a_{b}", 1, 0, 50),
                                        Curve("it's", 2, -900, 1)};
  for (const size_t num_curves : {1, 2}) {
    const auto picture =
        RunGnuplot(CurveScript(absl::MakeSpan(curves).subspan(0, num_curves),
                               CurveOptions(), PictureFormat::kSvg));
    ASSERT_TRUE(picture.ok()) << picture.status();
    EXPECT_THAT(*picture, HasSubstr("a_{b}, seed 1"));
    EXPECT_THAT(*picture, HasSubstr("environment steps (thousands)"));
    EXPECT_THAT(*picture, HasSubstr("evaluation, fixed seeds"));
  }
}

// A run directory with 30 generations.
std::string MakeRun(int seed) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/run", seed);
  std::filesystem::remove_all(path);
  v1::Experiment experiment;
  EXPECT_TRUE(
      ParseTextProto("name: \"swing\" env { pendulum {} }", "test", &experiment)
          .ok());
  experiment.set_seed(seed);
  EXPECT_TRUE(
      RunDirectory::Open(path, experiment, RunDirectory::Options()).ok());
  auto store = RunStore::Open(RunPaths(path).database);
  for (const ProgressRow& row : Curve("swing", seed, seed, 30).rows) {
    EXPECT_TRUE((*store)->AddProgress(row.progress, row.elapsed_s).ok());
  }
  return path;
}

TEST(PlotLearningCurvesTest, WritesAPictureOfRunDirectories) {
  const std::string out = ::testing::TempDir() + "/curves.png";

  const absl::Status status =
      PlotLearningCurves({MakeRun(1), MakeRun(2)}, out, CurveOptions());

  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(absl::StartsWith(*ReadFile(out), "\x89PNG"));
  EXPECT_EQ(ReadCurve(MakeRun(1))->kind, ReadCurve(MakeRun(2))->kind);
}

TEST(PlotLearningCurvesTest, SaysWhyThereIsNoPicture) {
  const std::string empty = ::testing::TempDir() + "/empty";
  std::filesystem::create_directories(empty);
  const std::string unborn = MakeRun(3);
  std::filesystem::remove(unborn + "/run.db");
  const auto plot = [](const std::string& run, const std::string& out) {
    return PlotLearningCurves({run}, out, CurveOptions());
  };

  EXPECT_TRUE(absl::IsNotFound(plot(empty, "x.png")));
  EXPECT_THAT(plot(unborn, "x.png").message(), HasSubstr("nothing to plot"));
  EXPECT_THAT(plot(unborn, "x.gif").message(), HasSubstr(".png or .svg"));
  EXPECT_TRUE(
      absl::IsInvalidArgument(PlotLearningCurves({}, "x.png", CurveOptions())));
}

}  // namespace
}  // namespace starling
