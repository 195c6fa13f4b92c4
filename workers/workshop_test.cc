#include "workers/workshop.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Answers every unit at once.
class FakeEvaluator : public UnitEvaluator {
 public:
  const v1::EnvSpec& env_spec() const override { return env_spec_; }
  void SetState(std::shared_ptr<const v1::PolicyState>) override {}
  v1::RolloutResult Evaluate(const v1::WorkUnit&) override { return {}; }
  uint64_t steps() const override { return 0; }

 private:
  v1::EnvSpec env_spec_;
};

absl::StatusOr<std::unique_ptr<UnitEvaluator>> MakeEvaluator(
    const v1::Experiment&) {
  return std::make_unique<FakeEvaluator>();
}

absl::StatusOr<v1::Fingerprint> NameAsPhysics(
    const v1::Experiment& experiment) {
  v1::Fingerprint fingerprint;
  fingerprint.set_physics(experiment.name());
  return fingerprint;
}

v1::Experiment Named(const std::string& name) {
  v1::Experiment experiment;
  experiment.set_name(name);
  return experiment;
}

class WorkshopTest : public testing::Test {
 protected:
  // A unit for one of the slots.
  void Give(uint64_t lease_id) {
    v1::Lease lease;
    lease.set_lease_id(lease_id);
    workshop_.slots().Add(lease);
    workshop_.slots().SetState(std::make_shared<v1::PolicyState>());
  }
  // What the slots posted, after at most a minute.
  std::vector<EventQueue::Event> Events() {
    return queue_.Take(std::chrono::steady_clock::now() +
                       std::chrono::minutes(1));
  }

  EventQueue queue_{100};
  Outbox outbox_;
  Workshop workshop_{2, MakeEvaluator, NameAsPhysics, &queue_, &outbox_};
};

TEST_F(WorkshopTest, IsBuiltForOneRun) {
  EXPECT_FALSE(workshop_.is_open());
  EXPECT_FALSE(workshop_.Serves(Named("a")));

  ASSERT_TRUE(workshop_.Build(Named("a")).ok());

  EXPECT_TRUE(workshop_.is_open());
  EXPECT_TRUE(workshop_.Serves(Named("a")));
  EXPECT_FALSE(workshop_.Serves(Named("b")));
  EXPECT_EQ(workshop_.fingerprint().physics(), "a");
}

TEST_F(WorkshopTest, ResultsAppearWhenTheQueueIsRun) {
  ASSERT_TRUE(workshop_.Build(Named("a")).ok());
  Give(7);
  auto events = Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_THAT(outbox_.leases(), IsEmpty());

  events[0]();

  EXPECT_THAT(outbox_.leases(), ElementsAre(7));
}

TEST_F(WorkshopTest, ResultsOfAnotherRunAreDropped) {
  ASSERT_TRUE(workshop_.Build(Named("a")).ok());
  const int build = workshop_.build();
  Give(7);
  auto events = Events();
  ASSERT_EQ(events.size(), 1u);

  ASSERT_TRUE(workshop_.Build(Named("b")).ok());
  events[0]();

  EXPECT_NE(workshop_.build(), build);
  EXPECT_THAT(outbox_.leases(), IsEmpty());
}

TEST_F(WorkshopTest, SaysWhyItCannotBeBuilt) {
  const absl::Status why = absl::NotFoundError("no such environment");
  Workshop no_evaluator(
      2, [&](const v1::Experiment&) { return why; }, NameAsPhysics, &queue_,
      &outbox_);
  Workshop no_fingerprint(
      2, MakeEvaluator, [&](const v1::Experiment&) { return why; }, &queue_,
      &outbox_);

  EXPECT_EQ(no_evaluator.Build(Named("a")), why);
  EXPECT_EQ(no_fingerprint.Build(Named("a")), why);
}

}  // namespace
}  // namespace starling
