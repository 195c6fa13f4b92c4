#include "aggregator/run_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "aggregator/storage_test_support.h"
#include "base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SessionResult Result(uint64_t generation, uint32_t index, double value,
                     const std::string& session = "s") {
  SessionResult answer{.session = session};
  answer.result.set_generation(generation);
  answer.result.set_index(index);
  answer.result.add_returns(value);
  answer.result.add_lengths(7);
  return answer;
}

std::unique_ptr<RunStore> OpenOrDie(const std::string& path) {
  absl::StatusOr<std::unique_ptr<RunStore>> store = RunStore::Open(path);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

Progress SomeProgress(uint64_t generation) {
  Progress progress;
  progress.generation = generation;
  progress.training = {64, 1.5, 0.25, -3, 4, 200};
  progress.env_steps = uint64_t{1} << 40;
  progress.episodes = 64 * (generation + 1);
  progress.update_norm = 0.125;
  progress.theta_norm = 2;
  progress.sigma = 0.05;
  progress.failed_units = 3;
  progress.dropped_pairs = 2;
  return progress;
}

TEST(RunStoreTest, ResultsComeBackByIndexAndGeneration) {
  const std::string path = FreshFolder() + "/run.db";
  auto store = OpenOrDie(path);
  ASSERT_TRUE(
      store->AddResults({Result(4, 2, 2.5), Result(4, 0, 0.5), Result(5, 1, 9)})
          .ok());
  store.reset();

  const auto results = OpenOrDie(path)->Results(4);

  ASSERT_TRUE(results.ok());
  ASSERT_THAT(*results, SizeIs(2));
  EXPECT_EQ((*results)[0].result.index(), 0);
  EXPECT_EQ((*results)[1].result.index(), 2);
  EXPECT_EQ((*results)[1].result.returns(0), 2.5);
}

TEST(RunStoreTest, OfTwoResultsOfASessionTheFirstStays) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  ASSERT_TRUE(store->AddResults({Result(1, 0, 1), Result(1, 0, 2)}).ok());
  ASSERT_TRUE(store->AddResults({Result(1, 0, 3)}).ok());

  const auto results = store->Results(1);

  ASSERT_THAT(*results, SizeIs(1));
  EXPECT_EQ((*results)[0].result.returns(0), 1);
}

// A file as version 1 wrote it: whose a result is was not noted.
TEST(RunStoreTest, AnOlderFormatIsBroughtUpToDate) {
  const std::string path = FreshFolder() + "/run.db";
  ASSERT_TRUE(OpenOrDie(path)->AddResults({Result(1, 0, 1)}).ok());
  {
    auto database = *Database::Open(path, Database::Access::kReadWrite);
    ASSERT_TRUE(
        database
            ->Execute(
                "CREATE TABLE old(generation INTEGER NOT NULL,"
                " idx INTEGER NOT NULL, result BLOB NOT NULL,"
                " PRIMARY KEY(generation, idx));"
                "INSERT INTO old SELECT generation, idx, result FROM"
                " results;"
                "DROP TABLE results; DROP TABLE standings; DROP TABLE search;"
                "ALTER TABLE old RENAME TO results;"
                "PRAGMA user_version=1")
            .ok());
  }

  auto store = OpenOrDie(path);

  ASSERT_THAT(*store->Results(1), SizeIs(1));
  EXPECT_EQ((*store->Results(1))[0].session, "");
  EXPECT_TRUE(store->AddResults({Result(1, 0, 2)}).ok());
  EXPECT_THAT(*store->Results(1), SizeIs(2));
  store.reset();
  EXPECT_EQ(*(*Database::Open(path, Database::Access::kReadOnly))
                 ->SelectInt("PRAGMA user_version"),
            RunStore::kFormatVersion);
}

TEST(RunStoreTest, DropsResultsOfEarlierGenerationsOnly) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  ASSERT_TRUE(
      store->AddResults({Result(1, 0, 1), Result(2, 0, 1), Result(3, 0, 1)})
          .ok());

  ASSERT_TRUE(store->DropResultsBefore(3).ok());

  EXPECT_THAT(*store->Results(1), IsEmpty());
  EXPECT_THAT(*store->Results(2), IsEmpty());
  EXPECT_THAT(*store->Results(3), SizeIs(1));
}

TEST(RunStoreTest, ProgressRoundTripsWithAndWithoutEvaluation) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  Progress evaluated = SomeProgress(1);
  evaluated.fixed = {20, 10, 1, 8, 12, 300};
  evaluated.fresh = {20, 9, 2, 5, 12, 299};
  evaluated.fresh->failed_units = 4;
  evaluated.new_best = true;
  evaluated.flat_fitness = true;
  evaluated.training.std = std::numeric_limits<double>::quiet_NaN();
  SearchProgress search;
  search.stage = v1::SearchState::CHECKING;
  search.weights = 50;
  search.biases = 12;
  search.bits = 2000;
  search.mean_cost = 61.5;
  search.num_distinct = 7;
  search.choice = std::string("a\0b", 3);
  search.probabilities = {0.25f, 0.75f};
  search.entropy = 0.5;
  search.sampled = {20, 8, 2, 5, 12, 299};
  evaluated.search = search;
  ASSERT_TRUE(store->AddProgress(evaluated, 2.5).ok());
  ASSERT_TRUE(store->AddProgress(SomeProgress(0), 1.5).ok());

  const auto rows = store->ReadProgress();

  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(2));
  const Progress& plain = (*rows)[0].progress;
  EXPECT_EQ(plain.generation, 0);
  EXPECT_EQ((*rows)[0].elapsed_s, 1.5);
  EXPECT_EQ(plain.training.episodes, 64);
  EXPECT_EQ(plain.training.mean, 1.5);
  EXPECT_EQ(plain.training.std, 0.25);
  EXPECT_EQ(plain.training.min, -3);
  EXPECT_EQ(plain.training.max, 4);
  EXPECT_EQ(plain.training.mean_length, 200);
  EXPECT_EQ(plain.env_steps, uint64_t{1} << 40);
  EXPECT_EQ(plain.episodes, 64);
  EXPECT_EQ(plain.update_norm, 0.125);
  EXPECT_EQ(plain.theta_norm, 2);
  EXPECT_EQ(plain.sigma, 0.05);
  EXPECT_EQ(plain.failed_units, 3);
  EXPECT_EQ(plain.dropped_pairs, 2);
  EXPECT_FALSE(plain.new_best);
  EXPECT_FALSE(plain.fixed.has_value());
  EXPECT_FALSE(plain.fresh.has_value());
  const Progress& full = (*rows)[1].progress;
  EXPECT_TRUE(full.new_best);
  EXPECT_EQ(full.fixed->mean, 10);
  EXPECT_EQ(full.fixed->mean_length, 300);
  EXPECT_EQ(full.fresh->min, 5);
  EXPECT_EQ(full.fresh->failed_units, 4);
  EXPECT_EQ(full.fixed->failed_units, 0);
  EXPECT_TRUE(full.flat_fitness);
  EXPECT_FALSE(plain.flat_fitness);
  EXPECT_TRUE(std::isnan(full.training.std));
  EXPECT_FALSE(plain.search.has_value());
  EXPECT_EQ(full.search->stage, v1::SearchState::CHECKING);
  EXPECT_EQ(full.search->weights, 50);
  EXPECT_EQ(full.search->biases, 12);
  EXPECT_EQ(full.search->bits, 2000);
  EXPECT_EQ(full.search->mean_cost, 61.5);
  EXPECT_EQ(full.search->num_distinct, 7);
  EXPECT_EQ(full.search->choice, std::string("a\0b", 3));
  EXPECT_EQ(full.search->probabilities, (std::vector<float>{0.25f, 0.75f}));
  EXPECT_EQ(full.search->entropy, 0.5);
  EXPECT_EQ(full.search->sampled->mean, 8);
}

TEST(RunStoreTest, ProgressOfAGenerationIsReplacedAndCutOnResume) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  for (uint64_t generation = 0; generation < 6; ++generation) {
    ASSERT_TRUE(store->AddProgress(SomeProgress(generation), 1).ok());
  }
  ASSERT_TRUE(store->ResumeFrom(4).ok());
  ASSERT_TRUE(store->AddProgress(SomeProgress(3), 99).ok());

  const auto rows = store->ReadProgress();

  ASSERT_THAT(*rows, SizeIs(4));
  EXPECT_EQ(rows->back().progress.generation, 3);
  EXPECT_EQ(rows->back().elapsed_s, 99);
}

TEST(RunStoreTest, IncarnationsGrowAcrossStartsAndNewFiles) {
  const std::string folder = FreshFolder();
  EXPECT_EQ(*OpenOrDie(folder + "/run.db")->Incarnation(), 0);
  EXPECT_EQ(*OpenOrDie(folder + "/run.db")->NextIncarnation(), 1);
  auto store = OpenOrDie(folder + "/run.db");
  EXPECT_EQ(*store->NextIncarnation(), 2);
  EXPECT_EQ(*store->Incarnation(), 2);

  EXPECT_EQ(*OpenOrDie(folder + "/new.db")->NextIncarnation(/*at_least=*/2), 3);
}

TEST(RunStoreTest, WorkersKeepTheTimeOfTheirFirstAppearance) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  ASSERT_TRUE(store->RecordWorker({"b", "host2", 5, 1, start, start}).ok());
  ASSERT_TRUE(
      store->RecordWorker({"a", "host1", 4, 2, start - absl::Seconds(9), start})
          .ok());
  ASSERT_TRUE(store
                  ->RecordWorker({"b", "host2", 5, 3, start + absl::Seconds(7),
                                  start + absl::Seconds(8)})
                  .ok());

  const auto workers = store->Workers();

  ASSERT_THAT(*workers, SizeIs(2));
  EXPECT_EQ((*workers)[0].session, "a");
  EXPECT_EQ((*workers)[1].host, "host2");
  EXPECT_EQ((*workers)[1].slots, 3);
  EXPECT_EQ((*workers)[1].first_seen, start);
  EXPECT_EQ((*workers)[1].last_seen, start + absl::Seconds(8));
}

TEST(RunStoreTest, OnlookersReadWhileTheRunIsLive) {
  const std::string path = FreshFolder() + "/run.db";
  auto store = OpenOrDie(path);
  ASSERT_TRUE(store->AddProgress(SomeProgress(0), 1).ok());

  auto onlooker = RunStore::OpenReadOnly(path);

  ASSERT_TRUE(onlooker.ok()) << onlooker.status();
  EXPECT_THAT(*(*onlooker)->ReadProgress(), SizeIs(1));
  ASSERT_TRUE(store->AddProgress(SomeProgress(1), 1).ok());
  EXPECT_THAT(*(*onlooker)->ReadProgress(), SizeIs(2));
  EXPECT_TRUE(
      absl::IsFailedPrecondition((*onlooker)->AddProgress(SomeProgress(2), 1)));
}

TEST(RunStoreTest, OnlookersReadAFinishedRun) {
  const std::string path = FreshFolder() + "/run.db";
  ASSERT_TRUE(OpenOrDie(path)->AddProgress(SomeProgress(0), 1).ok());

  auto onlooker = RunStore::OpenReadOnly(path);

  ASSERT_TRUE(onlooker.ok()) << onlooker.status();
  EXPECT_THAT(*(*onlooker)->ReadProgress(), SizeIs(1));
}

TEST(RunStoreTest, OnlookersOfNothingAreToldSo) {
  const std::string path = FreshFolder() + "/run.db";

  EXPECT_TRUE(absl::IsNotFound(RunStore::OpenReadOnly(path).status()));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RunStoreTest, LeavesModeWalWhereItDoesNotWork) {
  const std::string path = FreshFolder() + "/run.db";
  ASSERT_TRUE(OpenOrDie(path)->AddResults({Result(1, 0, 1)}).ok());

  auto store = RunStore::Open(path, RunJournal::kDelete);

  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_THAT(*(*store)->Results(1), SizeIs(1));
  ASSERT_TRUE((*store)->AddResults({Result(1, 1, 1)}).ok());
  auto database = Database::Open(path, Database::Access::kReadOnly);
  EXPECT_EQ(*(*database)->SelectText("PRAGMA journal_mode"), "delete");
}

TEST(RunStoreTest, ANewerFormatIsRefusedByName) {
  const std::string path = FreshFolder() + "/run.db";
  OpenOrDie(path);
  ASSERT_TRUE((*Database::Open(path, Database::Access::kReadWrite))
                  ->Execute("PRAGMA user_version=99")
                  .ok());

  for (const absl::Status& status :
       {RunStore::Open(path).status(), RunStore::OpenReadOnly(path).status()}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("version 99"));
    EXPECT_THAT(status.message(),
                HasSubstr(absl::StrCat("up to ", RunStore::kFormatVersion)));
  }
}

TEST(RunStoreTest, SomebodyElsesDatabaseIsNotTouched) {
  const std::string path = FreshFolder() + "/run.db";
  auto database = Database::Open(path, Database::Access::kReadWrite);
  ASSERT_TRUE((*database)->Execute("CREATE TABLE cats(name TEXT)").ok());

  EXPECT_TRUE(absl::IsFailedPrecondition(RunStore::Open(path).status()));
  EXPECT_EQ(*(*database)->SelectInt("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(RunStoreTest, DamageIsReportedWithItsRemedyAndSetAside) {
  const std::string path = FreshFolder() + "/run.db";
  {
    auto store = OpenOrDie(path);
    for (uint32_t i = 0; i < 2000; ++i) {
      ASSERT_TRUE(store->AddResults({Result(1, i, i)}).ok());
    }
  }
  std::string bytes = *ReadFile(path);
  for (size_t i = 8192; i < bytes.size(); ++i) bytes[i] = 'x';
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());

  const absl::Status status = RunStore::Open(path).status();

  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(path));
  EXPECT_THAT(status.message(), HasSubstr("newest checkpoint"));
  EXPECT_EQ(*RunStore::SetAside(path), path + ".corrupt");
  EXPECT_THAT(*OpenOrDie(path)->Results(1), IsEmpty());
  EXPECT_EQ(*RunStore::SetAside(path), path + ".corrupt.1");
}

TEST(RunStoreTest, AFileThatIsNoDatabaseIsDamaged) {
  const std::string path = FreshFolder() + "/run.db";
  ASSERT_TRUE(WriteFileAtomically(path, std::string(5000, 'x')).ok());

  EXPECT_TRUE(absl::IsDataLoss(RunStore::Open(path).status()));
  EXPECT_TRUE(absl::IsDataLoss(RunStore::OpenReadOnly(path).status()));
}

TEST(RunStoreTest, AFullDiskCostsTheCallAndNothingElse) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  std::vector<SessionResult> batch;
  for (uint32_t i = 0; i < 40; ++i) {
    batch.push_back(Result(1, i, i));
    batch.back().result.set_detail(std::string(8192, 'd'));
  }
  ASSERT_TRUE(store->AddResults({Result(0, 0, 5)}).ok());
  {
    const FullDisk full_disk(256 * 1024);
    const absl::Status status = store->AddResults(batch);
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_THAT(*store->Results(1), IsEmpty()) << "half a transaction";
    EXPECT_THAT(*store->Results(0), SizeIs(1));
  }

  const absl::Status status = store->AddResults(batch);

  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(*store->Results(1), SizeIs(40));
}

// A child commits batches of 8 and says so; it dies without warning.
TEST(RunStoreTest, WhatWasCommittedSurvivesKillNine) {
  const std::string folder = FreshFolder();
  for (int num_commits : {1, 3, 10, 40}) {
    const std::string path = folder + "/" + std::to_string(num_commits);
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = OpenOrDie(path);
      for (uint64_t generation = 0;; ++generation) {
        std::vector<SessionResult> batch;
        for (uint32_t i = 0; i < 8; ++i) {
          batch.push_back(Result(generation, i, i));
        }
        if (!store->AddResults(batch).ok()) _exit(1);
        if (write(pipe_ends[1], "x", 1) != 1) _exit(2);
      }
    }
    close(pipe_ends[1]);
    char byte;
    for (int i = 0; i < num_commits; ++i) {
      ASSERT_EQ(read(pipe_ends[0], &byte, 1), 1);
    }
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    // More may have been committed between the last byte and the kill.
    int num_reported = num_commits;
    while (read(pipe_ends[0], &byte, 1) == 1) ++num_reported;
    close(pipe_ends[0]);

    auto store = OpenOrDie(path);
    for (int generation = 0; generation < num_reported; ++generation) {
      EXPECT_THAT(*store->Results(generation), SizeIs(8));
    }
    const size_t last = store->Results(num_reported)->size();
    EXPECT_TRUE(last == 0 || last == 8) << last;
    EXPECT_TRUE(store->AddResults({Result(1000000, 0, 1)}).ok());
  }
}

}  // namespace
}  // namespace starling
