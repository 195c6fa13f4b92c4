#include "aggregator/store_backlog.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Notes what is written, or fails with `status`.
class FakeStorage : public Storage {
 public:
  absl::Status status;
  std::vector<std::string> log;

  absl::Status AddResults(absl::Span<const SessionResult> r) override {
    return Note(absl::StrCat("answers ", r.size()));
  }
  absl::StatusOr<std::vector<SessionResult>> Results(uint64_t) override {
    return std::vector<SessionResult>();
  }
  absl::StatusOr<std::optional<Standing>> StandingOf(
      const std::string&) override {
    return std::optional<Standing>();
  }
  absl::Status Convict(const Standing& standing,
                       std::optional<uint64_t> suspect) override {
    return Note(absl::StrCat("convict ", standing.origin,
                             suspect.has_value() ? ", back" : ""));
  }
  absl::Status DropResultsBefore(uint64_t generation) override {
    return Note(absl::StrCat("drop before ", generation));
  }
  absl::Status AddProgress(const Progress& progress,
                           double elapsed_s) override {
    return Note(
        absl::StrCat("generation ", progress.generation, " at ", elapsed_s));
  }
  absl::Status ResumeFrom(uint64_t) override { return status; }
  absl::StatusOr<uint64_t> NextIncarnation() override { return 1; }
  absl::Status RecordWorker(const WorkerRecord& worker) override {
    return Note(absl::StrCat("worker ", worker.session));
  }
  absl::Status SaveCheckpoint(v1::Checkpoint) override { return status; }

 private:
  absl::Status Note(std::string what) {
    if (status.ok()) log.push_back(std::move(what));
    return status;
  }
};

class StoreBacklogTest : public testing::Test {
 protected:
  void AddProgress(uint64_t generation) {
    Progress progress;
    progress.generation = generation;
    backlog_.AddProgress(progress, 0.5 * static_cast<double>(generation));
  }

  const absl::Status full_ = absl::UnavailableError("the disk is full");
  const std::optional<uint64_t> none_;
  FakeStorage storage_;
  StoreBacklog backlog_{&storage_, milliseconds(1'000)};
  StoreBacklog::Time now_{std::chrono::hours(1)};
};

TEST_F(StoreBacklogTest, AnswersAreStoredInOneTransaction) {
  EXPECT_TRUE(backlog_.Commit(now_)) << "there is nothing to store";
  backlog_.AddAnswer({});
  backlog_.AddAnswer({});
  EXPECT_TRUE(backlog_.has_answers());

  EXPECT_TRUE(backlog_.Commit(now_));

  EXPECT_FALSE(backlog_.has_answers());
  EXPECT_THAT(storage_.log, ElementsAre("answers 2"));
}

TEST_F(StoreBacklogTest, AnswersThatCouldNotBeStoredAreTriedAgain) {
  backlog_.AddAnswer({});
  storage_.status = full_;
  EXPECT_FALSE(backlog_.Commit(now_));
  EXPECT_THAT(backlog_.warning(), HasSubstr("the disk is full"));
  storage_.status = absl::OkStatus();
  backlog_.AddAnswer({});

  EXPECT_EQ(backlog_.next_commit(), now_ + milliseconds(1'000));
  EXPECT_FALSE(backlog_.Commit(now_ + milliseconds(999))) << "not so soon";
  EXPECT_TRUE(backlog_.Commit(now_ + milliseconds(1'000)));

  EXPECT_THAT(storage_.log, ElementsAre("answers 2"));
}

TEST_F(StoreBacklogTest, AConvictionComesFirstAndTakesWhatWaits) {
  for (const char* origin : {"liar", "honest", "liar"}) {
    backlog_.AddAnswer({.session = "s", .standing = {.origin = origin}});
  }
  storage_.status = full_;
  EXPECT_FALSE(backlog_.Commit(now_));
  backlog_.Convict({.origin = "liar"}, 3);
  storage_.status = absl::OkStatus();

  EXPECT_TRUE(backlog_.Commit(now_ + milliseconds(1'000)));

  EXPECT_THAT(storage_.log, ElementsAre("convict liar, back", "answers 1"));
}

TEST_F(StoreBacklogTest, AConvictionAloneWaitsToBeStored) {
  backlog_.Convict({.origin = "liar"}, std::nullopt);
  storage_.status = full_;

  EXPECT_FALSE(backlog_.Commit(now_));
  EXPECT_TRUE(backlog_.has_answers());
  storage_.status = absl::OkStatus();
  EXPECT_TRUE(backlog_.Commit(now_ + milliseconds(1'000)));

  EXPECT_FALSE(backlog_.has_answers());
  EXPECT_THAT(storage_.log, ElementsAre("convict liar"));
}

TEST_F(StoreBacklogTest, TheRestIsStoredInItsOrderAndOnce) {
  AddProgress(1);
  AddProgress(2);
  WorkerRecord worker;
  worker.session = "s";
  backlog_.AddWorker(worker);

  backlog_.Upkeep(now_, 2);
  backlog_.Upkeep(now_, 2);
  backlog_.Upkeep(now_, 3);

  EXPECT_FALSE(backlog_.has_progress());
  EXPECT_THAT(storage_.log,
              ElementsAre("generation 1 at 0.5", "generation 2 at 1",
                          "worker s", "drop before 2", "drop before 3"));
}

TEST_F(StoreBacklogTest, AnswersStayUntilACheckpointIsDurable) {
  backlog_.Upkeep(now_, none_);

  EXPECT_THAT(storage_.log, IsEmpty());
}

TEST_F(StoreBacklogTest, WarningLastsUntilEverythingIsStored) {
  backlog_.AddAnswer({});
  AddProgress(1);
  storage_.status = full_;
  backlog_.Commit(now_);
  backlog_.Upkeep(now_, none_);
  storage_.status = absl::OkStatus();

  backlog_.Upkeep(now_ + milliseconds(999), none_);
  EXPECT_TRUE(backlog_.has_progress()) << "not so soon";
  backlog_.Upkeep(now_ + milliseconds(1'000), none_);
  EXPECT_FALSE(backlog_.has_progress());
  EXPECT_NE(backlog_.warning(), "") << "an answer still waits";
  backlog_.Commit(now_ + milliseconds(1'000));
  backlog_.Upkeep(now_ + milliseconds(1'000), none_);

  EXPECT_EQ(backlog_.warning(), "");
}

TEST_F(StoreBacklogTest, DamagedStoreIsLeftAlone) {
  backlog_.AddAnswer({});
  AddProgress(1);
  storage_.status = absl::DataLossError("not a database");
  EXPECT_TRUE(backlog_.Commit(now_)) << "training goes on without";
  storage_.status = absl::OkStatus();

  backlog_.AddAnswer({});
  EXPECT_TRUE(backlog_.Commit(now_));
  backlog_.Upkeep(now_, 2);

  EXPECT_FALSE(backlog_.has_progress());
  EXPECT_THAT(storage_.log, IsEmpty());
}

}  // namespace
}  // namespace starling
