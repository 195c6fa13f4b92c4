#include "base/parallel.h"

#include <atomic>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(ParallelForTest, CoversEachIndexOnceInPiecesOfTheGrain) {
  for (int threads : {1, 2, 5}) {
    for (int64_t n : {0, 1, 63, 64, 65, 1000}) {
      std::vector<std::atomic<int>> visits(n);
      std::atomic<bool> aligned{true};

      ParallelFor(n, threads, 64, [&](int64_t begin, int64_t end) {
        if (begin % 64 != 0) aligned = false;
        for (int64_t i = begin; i < end; ++i) ++visits[i];
      });

      EXPECT_TRUE(aligned);
      for (int64_t i = 0; i < n; ++i) EXPECT_EQ(visits[i], 1) << i;
    }
  }
}

}  // namespace
}  // namespace starling
