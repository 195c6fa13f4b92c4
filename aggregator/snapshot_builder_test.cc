#include "aggregator/snapshot_builder.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Phase = Snapshot::Phase;

v1::RolloutResult Steps(uint32_t steps) {
  v1::RolloutResult answer;
  answer.add_lengths(steps - 1);
  answer.add_lengths(1);
  return answer;
}

class SnapshotBuilderTest : public testing::Test {
 protected:
  SnapshotBuilderTest() { units_.Start(0, 5); }

  // A worker of two slots.
  Session& AddWorker() {
    v1::RegisterRequest request;
    request.set_slots(2);
    Session& session = **sessions_.Add(request, now_);
    units_.AddSession(session.number, session.slots);
    return session;
  }
  const Snapshot& Build(Phase phase = Phase::kTraining) {
    return builder_.Build({.phase = phase,
                           .generation = 3,
                           .elapsed_s = 1.5,
                           .sessions = sessions_,
                           .units = units_,
                           .checkpoints = checkpoints_,
                           .store_warning = store_warning_,
                           .paused = paused_,
                           .queue_length = 0},
                          now_);
  }

  SessionTable sessions_{SessionRules()};
  UnitTable units_{LeaseRules(), 1};
  CheckpointWriter::State checkpoints_;
  std::string store_warning_;
  bool paused_ = false;
  SnapshotBuilder builder_{9};
  SnapshotBuilder::Time now_{std::chrono::hours(1)};
};

TEST_F(SnapshotBuilderTest, ShowsWhatTheTablesHold) {
  const Session& session = AddWorker();
  units_.Acquire(session.number, 2, now_);
  builder_.AddRejection();
  builder_.AddLostWorker();
  checkpoints_.durable_generation = 2;
  checkpoints_.durable_at = now_ - seconds(4);

  const Snapshot& snapshot = Build();

  EXPECT_EQ(snapshot.incarnation, 9u);
  EXPECT_EQ(snapshot.generation, 3u);
  EXPECT_EQ(snapshot.elapsed_s, 1.5);
  EXPECT_EQ(snapshot.workers, 1);
  EXPECT_EQ(snapshot.slots, 2);
  EXPECT_EQ(snapshot.workers_lost, 1);
  EXPECT_EQ(snapshot.units, 5);
  EXPECT_EQ(snapshot.units_outstanding, 2);
  EXPECT_EQ(snapshot.results_rejected, 1u);
  EXPECT_EQ(snapshot.checkpoint_generation, 2u);
  EXPECT_EQ(snapshot.checkpoint_age_s, 4);
  EXPECT_THAT(snapshot.warnings, IsEmpty());
}

TEST_F(SnapshotBuilderTest, RemembersTheLastEvaluationsAndReturns) {
  for (int generation = 0; generation < 300; ++generation) {
    Progress progress;
    progress.generation = generation;
    progress.training.episodes = 1;
    progress.training.mean = generation;
    if (generation == 7) progress.fresh = progress.training;
    builder_.AddGeneration(progress);
  }

  const Snapshot& snapshot = Build();

  EXPECT_EQ(snapshot.last->generation, 299u);
  EXPECT_EQ(snapshot.fresh->mean, 7);
  EXPECT_FALSE(snapshot.fixed.has_value());
  ASSERT_EQ(snapshot.history.size(), 256u);
  EXPECT_EQ(snapshot.history.front(), 44);
  EXPECT_EQ(snapshot.history.back(), 299);
}

TEST_F(SnapshotBuilderTest, SpeedIsThatOfTheLastTenSeconds) {
  EXPECT_EQ(Build().steps_per_second, 0);
  // 100 steps a second for 20 s, then 300 for 15 s: the last 10 s are fast.
  for (int i = 0; i < 200; ++i) {
    now_ += milliseconds(100);
    builder_.AddSteps(Steps(10));
    Build();
  }
  EXPECT_NEAR(builder_.snapshot().steps_per_second, 100, 1e-9);
  for (int i = 0; i < 150; ++i) {
    now_ += milliseconds(100);
    builder_.AddSteps(Steps(30));
    Build();
  }

  EXPECT_NEAR(builder_.snapshot().steps_per_second, 300, 1e-9);
}

TEST_F(SnapshotBuilderTest, WarnsOfWhatNeedsAPersonAndOnlyWhileItDoes) {
  store_warning_ = "run.db can't be written";
  checkpoints_.last_error = absl::UnavailableError("the disk is full");
  EXPECT_THAT(Build().warnings,
              ElementsAre(HasSubstr("no worker is connected"), store_warning_,
                          HasSubstr("the disk is full; it is tried again")));

  EXPECT_EQ(Build(Phase::kEnding).warnings.size(), 2u)
      << "at the end no worker is needed";

  store_warning_.clear();
  checkpoints_.last_error = absl::OkStatus();
  Session& session = AddWorker();
  for (int i = 0; i < 50; ++i) sessions_.Judge(session, /*rejected=*/true);

  EXPECT_THAT(Build().warnings,
              ElementsAre(HasSubstr("1 workers get no work")));
}

TEST_F(SnapshotBuilderTest, SaysWhyNothingIsComputed) {
  EXPECT_THAT(Build().waiting, HasSubstr("no worker"));
  Session& session = AddWorker();
  EXPECT_EQ(Build().waiting, "") << "it will get work";
  paused_ = true;
  EXPECT_THAT(Build().waiting, HasSubstr("paused"));
  EXPECT_TRUE(Build().paused);
  units_.Acquire(session.number, 1, now_);
  EXPECT_EQ(Build().waiting, "") << "something is under way";
  EXPECT_THAT(Build().warnings, ElementsAre(HasSubstr("paused")));
  EXPECT_EQ(Build(Phase::kStopping).waiting, "");
}

TEST_F(SnapshotBuilderTest, WorkersThatGetNoWorkAreNoWorkers) {
  AddWorker().draining = true;

  EXPECT_THAT(Build().waiting, HasSubstr("leaving"));
  EXPECT_EQ(Build().workers, 1);
  EXPECT_EQ(Build().workers_draining, 1);
  EXPECT_EQ(Build().workers_active, 0);
}

TEST_F(SnapshotBuilderTest, TheBestReturnOutlivesARestart) {
  builder_.SetBest(5);
  Progress progress;
  progress.fixed.emplace();
  progress.fixed->mean = 4;
  builder_.AddGeneration(progress);
  EXPECT_EQ(Build().best_return, 5);
  progress.fixed->mean = 6;
  builder_.AddGeneration(progress);
  EXPECT_EQ(Build().best_return, 6);
}

}  // namespace
}  // namespace starling
