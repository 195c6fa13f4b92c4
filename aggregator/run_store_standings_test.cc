// Whose a result is, and what becomes of those who are convicted.
#include <optional>
#include <string>

#include "aggregator/run_store.h"
#include "aggregator/storage_test_support.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

SessionResult Result(uint64_t generation, uint32_t index, double value,
                     const std::string& session) {
  SessionResult answer{.session = session};
  answer.result.set_generation(generation);
  answer.result.set_index(index);
  answer.result.add_returns(value);
  return answer;
}

// The first of its session, which was registered by that worker.
SessionResult FirstResult(uint64_t generation, uint32_t index,
                          const std::string& session,
                          const std::string& origin) {
  SessionResult answer = Result(generation, index, 1, session);
  answer.is_first = true;
  answer.standing = {.origin = origin, .first_generation = generation};
  return answer;
}

std::unique_ptr<RunStore> OpenOrDie(const std::string& path) {
  absl::StatusOr<std::unique_ptr<RunStore>> store = RunStore::Open(path);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

TEST(RunStoreStandingsTest, ResultsOfAUnitByDifferentSessionsAllStay) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  ASSERT_TRUE(store
                  ->AddResults({FirstResult(1, 0, "b", "a"),
                                Result(1, 0, 2, "c"), Result(1, 1, 3, "b")})
                  .ok());

  const auto results = store->Results(1);

  ASSERT_THAT(*results, SizeIs(3));
  EXPECT_EQ((*results)[0].session, "b");
  EXPECT_EQ((*results)[0].standing.origin, "a");
  EXPECT_EQ((*results)[0].standing.first_generation, 1);
  EXPECT_EQ((*results)[1].session, "c");
  EXPECT_EQ((*results)[1].standing.first_generation, std::nullopt);
  EXPECT_EQ((*results)[2].result.returns(0), 3);
}

TEST(RunStoreStandingsTest, AStandingIsThatOfTheFirstResult) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  ASSERT_TRUE(store
                  ->AddResults({FirstResult(3, 0, "s", "o"),
                                FirstResult(4, 0, "s", "other")})
                  .ok());

  const auto standing = store->StandingOf("s");

  ASSERT_TRUE(standing.ok() && standing->has_value()) << standing.status();
  EXPECT_EQ((*standing)->origin, "o");
  EXPECT_EQ((*standing)->first_generation, 3);
  EXPECT_FALSE((*standing)->convicted);
  EXPECT_EQ(*store->StandingOf("nobody"), std::nullopt);
}

TEST(RunStoreStandingsTest, AStandingMayHaveNoFirstGeneration) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  SessionResult answer = FirstResult(3, 0, "s", "o");
  answer.standing.first_generation.reset();
  ASSERT_TRUE(store->AddResults({answer}).ok());
  ASSERT_TRUE(store->ResumeFrom(2).ok());

  EXPECT_EQ((*store->StandingOf("s"))->origin, "o");
  EXPECT_EQ((*store->StandingOf("s"))->first_generation, std::nullopt);
}

TEST(RunStoreStandingsTest, AConvictionTakesAllSessionsOfTheWorker) {
  const std::string path = FreshFolder() + "/run.db";
  {
    auto store = OpenOrDie(path);
    ASSERT_TRUE(store
                    ->AddResults({FirstResult(3, 0, "a", "a"),
                                  FirstResult(3, 1, "b", "a"),
                                  FirstResult(3, 2, "honest", "honest")})
                    .ok());
    ASSERT_TRUE(
        store->Convict({.origin = "a", .first_generation = 3}, std::nullopt)
            .ok());
    EXPECT_EQ(*store->Suspect(), std::nullopt);
  }

  auto store = OpenOrDie(path);
  ASSERT_THAT(*store->Results(3), SizeIs(1));
  EXPECT_EQ((*store->Results(3))[0].session, "honest");
  for (const char* session : {"a", "b"}) {
    EXPECT_TRUE((*store->StandingOf(session))->convicted) << session;
  }
  EXPECT_FALSE((*store->StandingOf("honest"))->convicted);
}

TEST(RunStoreStandingsTest, GoesBackToTheOldestSuspect) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  ASSERT_TRUE(store->AddResults({FirstResult(9, 0, "s", "s")}).ok());
  ASSERT_TRUE(store->Convict({.origin = "x"}, 7).ok());
  ASSERT_TRUE(store->Convict({.origin = "y"}, 4).ok());
  ASSERT_TRUE(store->Convict({.origin = "z"}, 8).ok());
  EXPECT_EQ(*store->Suspect(), 4);

  ASSERT_TRUE(store->GoneBack().ok());

  EXPECT_EQ(*store->Suspect(), std::nullopt);
  EXPECT_THAT(*store->Results(9), IsEmpty());
  EXPECT_TRUE((*store->StandingOf("x"))->convicted);
}

TEST(RunStoreStandingsTest, NoStandingIsYoungerThanTheCheckpointOfAResumption) {
  auto store = OpenOrDie(FreshFolder() + "/run.db");
  ASSERT_TRUE(store
                  ->AddResults({FirstResult(2, 0, "old", "old"),
                                FirstResult(9, 0, "new", "new")})
                  .ok());

  ASSERT_TRUE(store->ResumeFrom(5).ok());

  EXPECT_EQ((*store->StandingOf("old"))->first_generation, 2);
  EXPECT_EQ((*store->StandingOf("new"))->first_generation, 5);
}

}  // namespace
}  // namespace starling
