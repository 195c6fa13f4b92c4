#include "envs/pixels/car_race.h"

#include <cmath>

#include "envs/pixels/car_driver.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(CarTrackTest, ClosesForEverySeed) {
  int tiles = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    CarTrack track;
    Rng rng(seed);
    track.Draw(&rng);
    const int n = track.size();
    ASSERT_GE(n, 190);
    ASSERT_LE(n, 390);
    tiles += n;
    for (int i = 0; i < n; ++i) {
      const Spot a = track.tiles()[i].middle;
      const Spot b = track.tiles()[(i + 1) % n].middle;
      const double gap = std::hypot(a.x - b.x, a.y - b.y);
      // Steps of 3.5; where the ends meet they may be askew.
      ASSERT_LE(gap, i + 1 < n ? 3.6 : 10.5) << seed;
      ASSERT_LT(std::fabs(a.x), CarTrack::kField);
      ASSERT_LT(std::fabs(a.y), CarTrack::kField);
    }
  }
  EXPECT_NEAR(tiles / 1000.0, 291, 5);
}

TEST(CarTrackTest, KnowsWhereTheRoadIs) {
  CarTrack track;
  Rng rng(7);
  track.Draw(&rng);
  int kerbs = 0;
  for (int i = 1; i < track.size(); ++i) {
    // Between two middles there is road, beyond its edge there is none of it.
    const Spot a = track.tiles()[i - 1].middle, b = track.tiles()[i].middle;
    const std::vector<int>& found =
        track.PiecesAt({(a.x + b.x) / 2, (a.y + b.y) / 2});
    EXPECT_NE(std::find(found.begin(), found.end(), i), found.end()) << i;
    for (const int side : {-1, 1}) {
      const std::vector<int>& beside =
          track.PiecesAt(track.Beside(i, side, CarTrack::kHalfWidth + 0.5));
      EXPECT_EQ(std::find(beside.begin(), beside.end(), i), beside.end());
    }
    kerbs += track.tiles()[i].kerb != 0;
  }
  EXPECT_GT(kerbs, 0);
  EXPECT_LT(kerbs, track.size() / 2);
  EXPECT_TRUE(track.PiecesAt({0, 1e6}).empty());
}

std::array<bool, 4> OnRoad(bool is_on) { return {is_on, is_on, is_on, is_on}; }

TEST(CarBodyTest, GasDrivesGrassSlowsAndBrakesStop) {
  double speeds[2];
  for (const bool road : {false, true}) {
    CarBody car;
    car.Place({0, 0}, 0);
    for (int i = 0; i < 150; ++i) car.Step(0, 1, 0, OnRoad(road));
    speeds[road] = car.speed();
    // Ahead is along y.
    EXPECT_GT(car.position().y, 10);
    EXPECT_NEAR(car.position().x, 0, 1e-9);
    EXPECT_GT(car.velocity().y, 0);
  }
  EXPECT_GT(speeds[1], 1.2 * speeds[0]);

  CarBody car;
  car.Place({0, 0}, 0);
  for (int i = 0; i < 100; ++i) car.Step(0, 0.5, 0, OnRoad(true));
  EXPECT_GT(car.speed(), 20);
  for (int i = 0; i < 200; ++i) car.Step(0, 0, 1, OnRoad(true));
  EXPECT_LT(car.speed(), 0.5);
}

TEST(CarBodyTest, SteersToTheRightWhenToldTo) {
  CarBody car;
  car.Place({0, 0}, 0);
  for (int i = 0; i < 60; ++i) car.Step(0, 0.2, 0, OnRoad(true));
  for (int i = 0; i < 30; ++i) car.Step(0.3, 0.1, 0, OnRoad(true));
  EXPECT_NEAR(car.wheels()[0].angle, -0.12, 0.01);
  EXPECT_EQ(car.wheels()[2].angle, 0);
  EXPECT_LT(car.heading(), -0.1);
  EXPECT_GT(car.position().x, 0.5);
  // And stays finite whatever one does.
  Rng rng(1);
  for (int i = 0; i < 20000; ++i) {
    car.Step(rng.Uniform(-1, 1), rng.Uniform(), rng.Below(10) == 0,
             OnRoad(rng.Below(2) == 0));
  }
  EXPECT_TRUE(std::isfinite(car.position().x + car.speed() + car.heading()));
  EXPECT_LT(car.speed(), 200);
}

TEST(CarRaceTest, ADriverByRuleGoesAround) {
  double sum = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CarRace race;
    CarDriver driver;
    race.Reset(Rng(seed));
    CarRace::Result result = {};
    double returned = 0;
    int steps = 0;
    while (steps < 1000 && result.end == CarRace::End::kNone) {
      const auto action = driver.Drive(race);
      result =
          race.Step(double{action[0]}, double{action[1]}, double{action[2]});
      returned += result.reward;
      ++steps;
    }
    EXPECT_NE(result.end, CarRace::End::kLeft) << seed;
    // Each tile counts once, each step costs.
    EXPECT_NEAR(returned,
                1000.0 * race.visited() / race.track().size() - 0.1 * steps,
                1e-6);
    sum += returned;
  }
  EXPECT_GE(sum / 20, 700);
}

}  // namespace
}  // namespace starling
