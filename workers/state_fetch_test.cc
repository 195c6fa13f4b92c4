#include "workers/state_fetch.h"

#include "base/digest.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

class StateFetchTest : public testing::Test {
 protected:
  StateFetchTest() {
    v1::PolicyState state;
    state.set_generation(7);
    state.mutable_distribution()->mutable_mean()->Resize(8, 0.5f);
    bytes_ = state.SerializeAsString();
    digest_ = Sha256(bytes_);
  }

  StateFetch fetch_;
  std::string bytes_, digest_;
};

TEST_F(StateFetchTest, NothingIsFetchedUnlessItIsWanted) {
  EXPECT_FALSE(fetch_.Begin().has_value());

  fetch_.Want(digest_);
  const auto piece = fetch_.Begin();

  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(piece->sha256, digest_);
  EXPECT_EQ(piece->offset, 0u);
  EXPECT_FALSE(fetch_.Begin().has_value()) << "one call at a time";
}

TEST_F(StateFetchTest, PiecesBecomeTheState) {
  fetch_.Want(digest_);
  EXPECT_TRUE(fetch_.End(*fetch_.Begin(), bytes_.substr(0, 5)));
  const auto second = fetch_.Begin();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->offset, 5u);
  EXPECT_TRUE(fetch_.End(*second, bytes_.substr(5)));

  const auto state = fetch_.Finish();

  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ((*state)->generation(), 7u);
  EXPECT_FALSE(fetch_.Begin().has_value());
}

TEST_F(StateFetchTest, WhatTheSlotsHaveIsNotFetchedAgain) {
  fetch_.Want(digest_);
  fetch_.End(*fetch_.Begin(), bytes_);
  ASSERT_TRUE(fetch_.Finish().ok());

  fetch_.Want(digest_);
  EXPECT_FALSE(fetch_.Begin().has_value());

  fetch_.Reset();
  fetch_.Want(digest_);
  EXPECT_TRUE(fetch_.Begin().has_value()) << "new slots have nothing";
}

TEST_F(StateFetchTest, DamagedStateIsFetchedFromTheBeginning) {
  bytes_[3] ^= 1;
  fetch_.Want(digest_);
  fetch_.End(*fetch_.Begin(), bytes_);

  EXPECT_TRUE(absl::IsDataLoss(fetch_.Finish().status()));

  const auto again = fetch_.Begin();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->offset, 0u);
}

TEST_F(StateFetchTest, BytesThatAreNoStateAreDamagedToo) {
  const std::string noise = "\xff\xff\xff";
  fetch_.Want(Sha256(noise));
  fetch_.End(*fetch_.Begin(), noise);

  EXPECT_TRUE(absl::IsDataLoss(fetch_.Finish().status()));
}

TEST_F(StateFetchTest, PieceOfAnotherStateIsOfNoUse) {
  fetch_.Want("the last generation's");
  const auto late = fetch_.Begin();
  fetch_.Want(digest_);
  EXPECT_FALSE(fetch_.Begin().has_value()) << "one call at a time";

  EXPECT_FALSE(fetch_.End(*late, "late"));

  const auto piece = fetch_.Begin();
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(piece->sha256, digest_);
  EXPECT_EQ(piece->offset, 0u);
}

TEST_F(StateFetchTest, StateThatIsGoneIsNotAskedForUntilItIsWantedAgain) {
  fetch_.Want(digest_);
  fetch_.End(*fetch_.Begin(), bytes_.substr(0, 5));
  fetch_.GiveUp();
  EXPECT_FALSE(fetch_.Begin().has_value());

  fetch_.Want(digest_);

  EXPECT_EQ(fetch_.Begin()->offset, 0u);
}

}  // namespace
}  // namespace starling
