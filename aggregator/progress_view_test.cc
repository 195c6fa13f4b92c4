#include "aggregator/progress_view.h"

#include <gtest/gtest.h>

#include <cmath>

namespace starling {
namespace {

ProgressView HalfWay() {
  ProgressView view;
  view.name = "half_cheetah_ars";
  view.generation = 42;
  view.generations = 100;
  view.env_steps = 2688000;
  view.return_mean = 2310.44;
  view.return_best = 3120.9;
  view.return_eval = 3004.2;
  view.history = {-120, 300, 900, 1500, 2310.44};
  view.steps_per_s = 41234.4;
  view.workers_active = 2;
  view.workers_lost = 1;
  view.units_done = 40;
  view.units_outstanding = 24;
  view.checkpoint_age_s = 3.2;
  view.elapsed_s = 65;
  view.eta_s = 90;
  return view;
}

// Characters of each line, counted by lead bytes.
int LongestLine(const std::string& block) {
  int longest = 0, columns = 0;
  for (char c : block) {
    if (c == '\n') {
      longest = std::max(longest, columns);
      columns = 0;
    } else if ((c & 0xC0) != 0x80) {
      ++columns;
    }
  }
  return longest;
}

TEST(ProgressViewTest, BlockShowsEverythingThatAPersonAsksFor) {
  EXPECT_EQ(
      RenderBlock(HalfWay(), 80, /*color=*/false),
      "half_cheetah_ars  generation 42/100  [#######...........]  42 %  1:05, 1:30 "
      "left\n"
      "  return    mean 2,310  best 3,121  eval 3,004  ▁▂▄▆█\n"
      "  work      steps/s 41,234  units 40 done, 24 out  workers 2  lost 1 \n"
      "  saved     3 s ago   env steps 2,688,000 \n");
}

TEST(ProgressViewTest, FailedEvaluationsAreCounted) {
  ProgressView view = HalfWay();
  view.units_failed = 1234;

  EXPECT_NE(RenderBlock(view, 100, /*color=*/false).find("failed 1,234"),
            std::string::npos);
  EXPECT_NE(RenderLine(view).find("  failed units 1,234"), std::string::npos);
}

TEST(ProgressViewTest, FirstGenerationLeavesOutWhatIsUnknown) {
  ProgressView view;
  view.name = "sphere";
  view.generations = 10;
  view.workers_active = 2;
  view.units_outstanding = 8;

  EXPECT_EQ(RenderBlock(view, 60, false),
            "sphere  generation 0/10  [......................]   0 %  0 s\n"
            "  return    first generation is running\n"
            "  work      steps/s 0  units 0 done, 8 out  workers 2 \n"
            "  saved     not yet   env steps 0 \n");
}

TEST(ProgressViewTest, NoLineIsWiderThanTheTerminal) {
  ProgressView view = HalfWay();
  view.warnings = {std::string(300, 'w')};
  for (int width = 20; width <= 200; ++width) {
    EXPECT_LE(LongestLine(RenderBlock(view, width, false)), width);
  }
}

TEST(ProgressViewTest, ColorAddsNothingButEscapeSequences) {
  const std::string plain = RenderBlock(HalfWay(), 80, false);
  std::string colored = RenderBlock(HalfWay(), 80, true);
  EXPECT_NE(colored, plain);
  for (size_t at; (at = colored.find('\033')) != std::string::npos;) {
    colored.erase(at, colored.find('m', at) - at + 1);
  }
  EXPECT_EQ(colored, plain);
}

TEST(ProgressViewTest, NewestThreeWarningsAreShownAndCanNotMoveTheCursor) {
  ProgressView view = HalfWay();
  view.warnings = {"first", "second", "third", "bad\033[2Jname\n"};

  const std::string block = RenderBlock(view, 80, false);

  EXPECT_EQ(block.find("first"), std::string::npos);
  EXPECT_NE(block.find("  warning   second\n"), std::string::npos) << block;
  EXPECT_NE(block.find("bad?[2Jname?\n"), std::string::npos) << block;
}

TEST(ProgressViewTest, StepBudgetMeasuresARunWithoutAGenerationLimit) {
  ProgressView view = HalfWay();
  view.generations = 0;
  view.env_step_budget = 10752000;

  const std::string block = RenderBlock(view, 80, false);

  EXPECT_NE(block.find("generation 42  ["), std::string::npos) << block;
  EXPECT_NE(block.find(" 25 %"), std::string::npos) << block;
}

TEST(ProgressViewTest, LineForALogHasTheSameNumbers) {
  EXPECT_EQ(
      RenderLine(HalfWay()),
      "generation 42/100  return 2,310  best 3,121  eval 3,004  env steps "
      "2,688,000  steps/s 41,234  workers 2 (1 lost)  elapsed 1:05  left "
      "1:30");
}

TEST(ProgressViewTest, SparklineSpansItsRangeAndAveragesWhatDoesNotFit) {
  EXPECT_EQ(Sparkline({0, 7}, 10), "▁█");
  EXPECT_EQ(Sparkline({5, 5, 5}, 10), "▁▁▁");
  EXPECT_EQ(Sparkline({0, 2, 14, 14}, 2), "▁█");
  EXPECT_EQ(Sparkline({0, NAN, 7}, 10), "▁ █");
  EXPECT_EQ(Sparkline({}, 10), "");
  EXPECT_EQ(Sparkline({1, 2}, 0), "");
}

}  // namespace
}  // namespace starling
