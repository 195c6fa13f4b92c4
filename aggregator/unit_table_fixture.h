// What the tests of UnitTable share: answers, and a table with a clock.
#ifndef STARLING_AGGREGATOR_UNIT_TABLE_FIXTURE_H_
#define STARLING_AGGREGATOR_UNIT_TABLE_FIXTURE_H_

#include <chrono>
#include <vector>

#include "aggregator/unit_table.h"
#include "gtest/gtest.h"

namespace starling {

inline v1::RolloutResult Answer(
    uint64_t generation, int index,
    v1::RolloutResult::Status status = v1::RolloutResult::OK) {
  v1::RolloutResult result;
  result.set_generation(generation);
  result.set_index(index);
  result.set_status(status);
  if (status == v1::RolloutResult::OK) result.add_returns(index * 0.5);
  return result;
}

// What a liar says, plausible but for the bits.
inline v1::RolloutResult Forged(uint64_t generation, int index) {
  v1::RolloutResult result = Answer(generation, index);
  result.set_returns(0, 1e-300);
  return result;
}

class UnitTableFixture : public testing::Test {
 protected:
  UnitTableFixture() : table_(LeaseRules(), 1) {}

  std::vector<UnitTable::Grant> Acquire(uint64_t session, int want) {
    return table_.Acquire(session, want, now_);
  }
  v1::WorkReply::Verdict Submit(uint64_t session, UnitTable::Grant grant,
                 v1::RolloutResult::Status status = v1::RolloutResult::OK) {
    return table_
        .Submit(session, grant.lease,
                Answer(table_.generation(), grant.unit, status), now_)
        .verdict;
  }
  void Pass(std::chrono::milliseconds time) { now_ += time; }
  // Two sessions of one slot; each unit takes 100 ms.
  void Observe(int n) {
    for (int i = 0; i < n; ++i) {
      const auto grants = Acquire(1, 1);
      ASSERT_EQ(grants.size(), 1u);
      Pass(std::chrono::milliseconds(100));
      ASSERT_EQ(Submit(1, grants[0]), v1::WorkReply::ACCEPTED);
    }
  }

  UnitTable table_;
  UnitTable::Time now_{std::chrono::hours(1)};
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_UNIT_TABLE_FIXTURE_H_
