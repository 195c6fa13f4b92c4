#include "aggregator/checkpoint.h"

#include <cmath>
#include <limits>

#include "aggregator/storage_test_support.h"
#include "base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Access = CheckpointStore::Access;

CheckpointStore OpenOrDie(const std::string& folder,
                          Access access = Access::kOwner) {
  absl::StatusOr<CheckpointStore> store = CheckpointStore::Open(folder, access);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

void SaveAll(const std::vector<uint64_t>& generations, CheckpointStore* store) {
  for (const uint64_t generation : generations) {
    const absl::Status status = store->Save(SmallCheckpoint(generation));
    ASSERT_TRUE(status.ok()) << status;
  }
}

// Spoils a file so that its digest does not match.
void Damage(const std::string& path) {
  std::string bytes = *ReadFile(path);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
}

TEST(CheckpointStoreTest, WhatIsSavedComesBackEqual) {
  const std::string folder = FreshFolder();
  CheckpointStore store = OpenOrDie(folder);
  v1::Checkpoint checkpoint = SmallCheckpoint(7);
  *checkpoint.mutable_state()->mutable_moments() = SmallMoments();
  checkpoint.mutable_best()->set_generation(3);
  *checkpoint.mutable_best()->mutable_mean() =
      checkpoint.state().distribution().mean();
  ASSERT_TRUE(store.Save(checkpoint).ok());

  LoadReport report;
  const auto newest = OpenOrDie(folder).LoadNewest(&report);

  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(SerializeDeterministically(*newest),
            SerializeDeterministically(checkpoint));
  EXPECT_EQ(report.path, folder + "/ckpt-00000007.strl");
  EXPECT_THAT(report.damaged, IsEmpty());
  EXPECT_EQ(store.Load(7)->state().generation(), 7);
}

TEST(CheckpointStoreTest, KeepsTheNewestThreeAndEveryHundredth) {
  CheckpointStore store = OpenOrDie(FreshFolder());

  SaveAll({95, 99, 100, 101, 150, 200, 201, 202, 203}, &store);

  EXPECT_THAT(*store.Generations(), ElementsAre(100, 200, 201, 202, 203));
}

TEST(CheckpointStoreTest, DiscardsWhatIsLater) {
  CheckpointStore store = OpenOrDie(FreshFolder());
  SaveAll({0, 7, 8, 100}, &store);

  ASSERT_TRUE(store.DiscardAfter(7).ok());

  EXPECT_THAT(*store.Generations(), ElementsAre(0, 7));
}

TEST(CheckpointStoreTest, GenerationsBeyondEightDigitsKeepTheirOrder) {
  CheckpointStore store = OpenOrDie(FreshFolder());

  SaveAll({99999999, 123456789}, &store);

  EXPECT_THAT(*store.Generations(), ElementsAre(99999999, 123456789));
  EXPECT_EQ(store.LoadNewest(nullptr)->state().generation(), 123456789);
}

TEST(CheckpointStoreTest, AnEmptyFolderHasNoCheckpoint) {
  CheckpointStore store = OpenOrDie(FreshFolder());

  EXPECT_TRUE(absl::IsNotFound(store.LoadNewest(nullptr).status()));
  EXPECT_TRUE(absl::IsNotFound(store.Load(3).status()));
}

TEST(CheckpointStoreTest, AMissingFolderIsNotFound) {
  const std::string folder = FreshFolder() + "/missing";

  EXPECT_TRUE(absl::IsNotFound(
      CheckpointStore::Open(folder, Access::kReader).status()));
}

TEST(CheckpointStoreTest, AMissingGenerationListsThoseThatAreThere) {
  CheckpointStore store = OpenOrDie(FreshFolder());
  SaveAll({4, 5}, &store);

  const absl::Status status = store.Load(6).status();

  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(status.message(), HasSubstr("4, 5"));
}

TEST(CheckpointStoreTest, EveryFlippedByteIsDetected) {
  CheckpointStore store = OpenOrDie(FreshFolder());
  SaveAll({1}, &store);
  const std::string intact = *ReadFile(store.PathOf(1));

  for (size_t i = 0; i < intact.size(); ++i) {
    std::string bytes = intact;
    bytes[i] ^= static_cast<char>(1 << (i % 8));
    ASSERT_TRUE(WriteFileAtomically(store.PathOf(1), bytes).ok());

    const absl::Status status = store.Load(1).status();

    ASSERT_TRUE(absl::IsDataLoss(status)) << "byte " << i << ": " << status;
    ASSERT_THAT(status.message(), HasSubstr(store.PathOf(1)));
  }
}

TEST(CheckpointStoreTest, EveryCutIsDetected) {
  CheckpointStore store = OpenOrDie(FreshFolder());
  SaveAll({1}, &store);
  const std::string intact = *ReadFile(store.PathOf(1));

  for (size_t size = 0; size < intact.size(); ++size) {
    ASSERT_TRUE(
        WriteFileAtomically(store.PathOf(1), intact.substr(0, size)).ok());

    ASSERT_TRUE(absl::IsDataLoss(store.Load(1).status())) << size << " bytes";
  }
}

TEST(CheckpointStoreTest, ADamagedOneIsKeptAsideAndTheOneBeforeIsUsed) {
  const std::string folder = FreshFolder();
  CheckpointStore store = OpenOrDie(folder);
  SaveAll({1, 2, 3}, &store);
  Damage(store.PathOf(3));
  fs::resize_file(store.PathOf(2), 20);

  LoadReport report;
  const auto checkpoint = store.LoadNewest(&report);

  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->state().generation(), 1);
  ASSERT_THAT(report.damaged, SizeIs(2));
  EXPECT_THAT(report.damaged[0], HasSubstr("ckpt-00000003.strl.corrupt"));
  EXPECT_TRUE(fs::exists(folder + "/ckpt-00000003.strl.corrupt"));
  EXPECT_TRUE(fs::exists(folder + "/ckpt-00000002.strl.corrupt"));
  EXPECT_THAT(*store.Generations(), ElementsAre(1));
}

TEST(CheckpointStoreTest, AReaderChangesNothing) {
  const std::string folder = FreshFolder();
  CheckpointStore store = OpenOrDie(folder);
  SaveAll({1, 2}, &store);
  Damage(store.PathOf(2));
  ASSERT_TRUE(
      WriteFileAtomically(folder + "/ckpt-00000003.strl.tmp.9", "half").ok());

  LoadReport report;
  const auto checkpoint =
      OpenOrDie(folder, Access::kReader).LoadNewest(&report);

  EXPECT_EQ(checkpoint->state().generation(), 1);
  EXPECT_THAT(report.damaged, SizeIs(1));
  EXPECT_TRUE(fs::exists(store.PathOf(2)));
  EXPECT_TRUE(fs::exists(folder + "/ckpt-00000003.strl.tmp.9"));
}

TEST(CheckpointStoreTest, WithoutAnIntactOneTheRunNeverStartsAfresh) {
  const std::string folder = FreshFolder();
  CheckpointStore store = OpenOrDie(folder);
  SaveAll({1, 2}, &store);
  Damage(store.PathOf(1));
  Damage(store.PathOf(2));

  // The second time, all that is left is called *.corrupt.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const absl::Status status = OpenOrDie(folder).LoadNewest(nullptr).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("Restore one from a backup"));
  }
}

TEST(CheckpointStoreTest, ANewerFormatIsRefusedAndLeftAlone) {
  const std::string folder = FreshFolder();
  CheckpointStore store = OpenOrDie(folder);
  SaveAll({1}, &store);
  v1::Checkpoint newer = SmallCheckpoint(2);
  newer.set_format_version(9);
  ASSERT_TRUE(
      WriteFileWithDigest(store.PathOf(2), SerializeDeterministically(newer))
          .ok());

  const absl::Status status = store.LoadNewest(nullptr).status();

  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("version 9"));
  EXPECT_THAT(status.message(), HasSubstr("up to 1"));
  EXPECT_TRUE(fs::exists(store.PathOf(2)));
}

TEST(CheckpointStoreTest, ARenamedFileIsNotTakenForAnotherGeneration) {
  CheckpointStore store = OpenOrDie(FreshFolder());
  SaveAll({1}, &store);
  fs::rename(store.PathOf(1), store.PathOf(8));

  EXPECT_TRUE(absl::IsDataLoss(store.Load(8).status()));
}

TEST(CheckpointStoreTest, RemovesWhatACrashHasLeft) {
  const std::string folder = FreshFolder();
  const std::string left = folder + "/ckpt-00000003.strl.tmp.123";
  ASSERT_TRUE(WriteFileAtomically(left, "half").ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/notes.txt", "mine").ok());

  OpenOrDie(folder);

  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(folder + "/notes.txt"));
}

TEST(CheckpointStoreTest, AFullDiskLeavesTheOlderOnesIntact) {
  const std::string folder = FreshFolder();
  CheckpointStore store = OpenOrDie(folder);
  SaveAll({1, 2, 3}, &store);
  v1::Checkpoint large = SmallCheckpoint(4);
  large.set_strategy(std::string(100'000, 's'));
  {
    const FullDisk full_disk(50'000);
    const absl::Status status = store.Save(large);
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  }
  EXPECT_THAT(*store.Generations(), ElementsAre(1, 2, 3));
  EXPECT_EQ(store.LoadNewest(nullptr)->state().generation(), 3);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 3)
      << "a temporary file is left";

  EXPECT_TRUE(store.Save(large).ok());
  EXPECT_EQ(store.LoadNewest(nullptr)->state().generation(), 4);
}

TEST(CheckpointStoreTest, WhatCouldNotBeLoadedIsNotSaved) {
  CheckpointStore store = OpenOrDie(FreshFolder());
  v1::Checkpoint checkpoint = SmallCheckpoint(1);
  checkpoint.mutable_state()->mutable_distribution()->set_mean(
      1, std::numeric_limits<float>::quiet_NaN());

  const absl::Status status = store.Save(checkpoint);

  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(status.message(), HasSubstr("mean[1]"));
  EXPECT_THAT(*store.Generations(), IsEmpty());
}

TEST(VerifyCheckpointTest, NamesTheFieldThatCannotBe) {
  const auto verify = [](auto change) {
    v1::Checkpoint checkpoint = SmallCheckpoint(5);
    change(&checkpoint);
    return std::string(VerifyCheckpoint(checkpoint).ToString());
  };

  EXPECT_EQ(verify([](v1::Checkpoint*) {}), "OK");
  EXPECT_THAT(verify([](v1::Checkpoint* c) { c->clear_format_version(); }),
              HasSubstr("format_version"));
  EXPECT_THAT(verify([](v1::Checkpoint* c) {
                c->mutable_state()->mutable_distribution()->clear_mean();
              }),
              HasSubstr("mean is empty"));
  EXPECT_THAT(verify([](v1::Checkpoint* c) {
                c->mutable_state()->mutable_distribution()->set_sigma(0);
              }),
              HasSubstr("sigma"));
  EXPECT_THAT(verify([](v1::Checkpoint* c) {
                *c->mutable_state()->mutable_moments() = SmallMoments();
                c->mutable_env_spec()->set_state_size(3);
              }),
              HasSubstr("state.moments"));
  EXPECT_THAT(verify([](v1::Checkpoint* c) { c->mutable_best()->add_mean(1); }),
              HasSubstr("best.mean has 1"));
  EXPECT_THAT(verify([](v1::Checkpoint* c) {
                *c->mutable_best()->mutable_mean() =
                    c->state().distribution().mean();
                c->mutable_best()->set_generation(6);
              }),
              HasSubstr("best.generation is 6"));
  EXPECT_THAT(verify([](v1::Checkpoint* c) { c->set_elapsed_s(-1); }),
              HasSubstr("elapsed_s"));
}

}  // namespace
}  // namespace starling
