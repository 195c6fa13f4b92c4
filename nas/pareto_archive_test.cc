#include "nas/pareto_archive.h"

#include <algorithm>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

Choices Of(int32_t value) { return {{value}}; }

// Area under the front, from cost 0 to `most` and from return 0 up.
double HyperVolume(const ParetoArchive& archive, double most) {
  const std::vector<ArchiveEntry> front = archive.Front();
  double area = 0;
  for (size_t i = 0; i < front.size(); ++i) {
    const double end = i + 1 < front.size() ? front[i + 1].cost : most;
    area += (end - front[i].cost) * front[i].estimate.lower_bound();
  }
  return area;
}

TEST(ParetoArchiveTest, WithoutNoiseTheFrontNeverShrinks) {
  // What a choice returns and costs.
  Rng rng(1);
  std::vector<double> cost, value;
  for (int i = 0; i < 500; ++i) {
    cost.push_back(1 + rng.Below(700));
    value.push_back(rng.Uniform(0, 100));
  }
  ParetoArchive archive(1000);
  double volume = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 20; ++i) {
      const auto choice = static_cast<int32_t>(rng.Below(500));
      archive.Offer(Of(choice), cost[choice], value[choice]);
    }
    std::vector<ReturnEstimate> estimates;
    for (const ArchiveEntry& entry : archive.ToEvaluate()) {
      estimates.push_back({10, value[entry.choices[0][0]], 0});
    }
    archive.Update(estimates);
    const double now = HyperVolume(archive, 1000);
    EXPECT_GE(now, volume);
    volume = now;
  }
  const std::vector<ArchiveEntry> front = archive.Front();
  EXPECT_GT(front.size(), 3u);
  for (size_t i = 1; i < front.size(); ++i) {
    EXPECT_GT(front[i].cost, front[i - 1].cost);
    EXPECT_GT(front[i].estimate.mean, front[i - 1].estimate.mean);
  }
}

TEST(ParetoArchiveTest, LuckInTrainingIsForgottenAtTheNextEvaluation) {
  ParetoArchive archive(10);
  archive.Offer(Of(1), 50, 10);
  archive.Update(std::vector<ReturnEstimate>{{10, 10, 1}});
  archive.Offer(Of(2), 50.5, 1e9);
  archive.Offer(Of(3), 50.2, 5);
  ASSERT_EQ(archive.ToEvaluate().size(), 2u);
  EXPECT_EQ(archive.ToEvaluate()[1].choices, Of(2));

  archive.Update(std::vector<ReturnEstimate>{{10, 9, 1}, {10, 3, 1}});

  ASSERT_EQ(archive.Front().size(), 1u);
  EXPECT_EQ(archive.Front()[0].choices, Of(1));
  EXPECT_EQ(archive.Front()[0].estimate.mean, 9);
}

TEST(ParetoArchiveTest, TheLowerBoundDecidesNotTheMean) {
  ParetoArchive archive(10);
  archive.Offer(Of(1), 50, 0);
  archive.Update(std::vector<ReturnEstimate>{{9, 5, 0.3}});
  archive.Offer(Of(2), 50, 1);
  archive.Update(std::vector<ReturnEstimate>{{9, 5, 0.3}, {9, 6, 9}});
  EXPECT_EQ(archive.Front()[0].choices, Of(1));
}

TEST(ParetoArchiveTest, WhatFailsLeavesAndTheLimitHolds) {
  ParetoArchive archive(2);
  for (int i = 0; i < 5; ++i) archive.Offer(Of(i), 10 << i, i);
  archive.Update(std::vector<ReturnEstimate>{
      {5, 1, 0}, {5, 2, 0}, {0, 0, 0}, {5, 1.5, 0}, {5, 4, 0}});
  ASSERT_EQ(archive.entries().size(), 2u);
  EXPECT_EQ(archive.entries()[0].choices, Of(0));
  EXPECT_EQ(archive.entries()[1].choices, Of(1));
}

}  // namespace
}  // namespace starling
