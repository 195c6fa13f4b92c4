#include "workers/outbox.h"

#include <string>

#include "base/protocol.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::ElementsAre;

v1::LeasedResult Result(uint64_t lease) {
  v1::LeasedResult result;
  result.set_lease_id(lease);
  return result;
}

TEST(OutboxTest, ResultsLeaveInTheOrderOfTheirComing) {
  Outbox outbox;
  for (const uint64_t lease : {3, 1, 2}) outbox.Add(Result(lease));
  EXPECT_THAT(outbox.leases(), ElementsAre(3, 1, 2));

  Outbox::Results message;
  outbox.MoveTo(&message);

  ASSERT_EQ(message.size(), 3);
  EXPECT_EQ(message[0].lease_id(), 3u);
  EXPECT_EQ(message[2].lease_id(), 2u);
  EXPECT_TRUE(outbox.empty());
}

TEST(OutboxTest, WhatDidNotArriveComesBackToTheFront) {
  Outbox outbox;
  outbox.Add(Result(1));
  outbox.Add(Result(2));
  Outbox::Results message;
  outbox.MoveTo(&message);
  outbox.Add(Result(3));

  outbox.PutBack(&message);

  EXPECT_THAT(outbox.leases(), ElementsAre(1, 2, 3));
}

TEST(OutboxTest, MessageHoldsNoMoreThanItMay) {
  Outbox outbox;
  for (int i = 0; i < kMaxResultsPerWork + 1; ++i) outbox.Add(Result(i));

  Outbox::Results message;
  outbox.MoveTo(&message);

  EXPECT_EQ(message.size(), kMaxResultsPerWork);
  EXPECT_THAT(outbox.leases(), ElementsAre(kMaxResultsPerWork));
}

TEST(OutboxTest, LargeResultsTravelInSeveralMessages) {
  // Each is a quarter of a message: the third would pass the half.
  Outbox outbox;
  for (int i = 0; i < 3; ++i) {
    v1::LeasedResult result = Result(i);
    result.mutable_result()->mutable_observations()->mutable_sum_low()->Resize(
        kAggregatorMaxMessageBytes / 4 / 8, 1);
    outbox.Add(result);
  }

  Outbox::Results message;
  outbox.MoveTo(&message);

  EXPECT_THAT(outbox.leases(), ElementsAre(2));
}

TEST(OutboxTest, LongDetailIsCut) {
  v1::LeasedResult result = Result(1);
  result.mutable_result()->set_detail(std::string(kMaxStringBytes + 1, 'x'));
  Outbox outbox;
  outbox.Add(result);

  Outbox::Results message;
  outbox.MoveTo(&message);

  EXPECT_EQ(message[0].result().detail(), std::string(kMaxStringBytes, 'x'));
}

TEST(OutboxTest, EnoughIsEnoughButNothingIsRefused) {
  Outbox outbox;
  for (size_t i = 0; i + 1 < Outbox::kEnough; ++i) outbox.Add(Result(i));
  EXPECT_FALSE(outbox.full());

  outbox.Add(Result(Outbox::kEnough));
  EXPECT_TRUE(outbox.full());
  outbox.Add(Result(Outbox::kEnough + 1));

  EXPECT_EQ(outbox.leases().size(), Outbox::kEnough + 1);
  outbox.Clear();
  EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace starling
