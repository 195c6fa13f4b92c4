#include "aggregator/checkpoint_writer.h"

#include <condition_variable>
#include <mutex>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

// A disk that records what it saves, and that a test can stop or fill.
class FakeDisk {
 public:
  absl::Status Save(const v1::Checkpoint& checkpoint) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++attempts_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stopped_; });
    if (full_) return absl::ResourceExhaustedError("full");
    saved_.push_back(checkpoint.state().generation());
    return absl::OkStatus();
  }
  void Set(bool stopped, bool full) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = stopped;
      full_ = full;
    }
    changed_.notify_all();
  }
  void Notify() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++notes_;
    }
    changed_.notify_all();
  }
  bool AwaitAttempts(int n) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60),
                             [&] { return attempts_ >= n; });
  }
  bool AwaitNotes(int n) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60),
                             [&] { return notes_ >= n; });
  }
  std::vector<uint64_t> saved() {
    std::lock_guard<std::mutex> lock(mutex_);
    return saved_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int attempts_ = 0, notes_ = 0;
  bool stopped_ = false, full_ = false;
  std::vector<uint64_t> saved_;
};

class CheckpointWriterTest : public testing::Test {
 protected:
  CheckpointWriterTest()
      : writer_([this](v1::Checkpoint c) { return disk_.Save(c); },
                milliseconds(1), [this] { disk_.Notify(); }) {}
  ~CheckpointWriterTest() override { disk_.Set(false, false); }

  uint64_t Submit(uint64_t generation) {
    v1::Checkpoint checkpoint;
    checkpoint.mutable_state()->set_generation(generation);
    return writer_.Submit(std::move(checkpoint));
  }

  FakeDisk disk_;
  CheckpointWriter writer_;
};

TEST_F(CheckpointWriterTest, OfThoseThatWaitOnlyTheLatestIsWritten) {
  disk_.Set(/*stopped=*/true, /*full=*/false);
  Submit(1);
  ASSERT_TRUE(disk_.AwaitAttempts(1));
  Submit(2);
  Submit(3);
  EXPECT_FALSE(writer_.state().idle);
  disk_.Set(false, false);
  ASSERT_TRUE(disk_.AwaitNotes(2));

  EXPECT_EQ(disk_.saved(), (std::vector<uint64_t>{1, 3}));
  EXPECT_TRUE(writer_.state().idle);
  EXPECT_EQ(writer_.state().durable_generation, 3u);
}

TEST_F(CheckpointWriterTest, FailedOneIsTriedUntilThereIsSpace) {
  disk_.Set(false, /*full=*/true);
  Submit(7);
  ASSERT_TRUE(disk_.AwaitNotes(3));
  EXPECT_TRUE(absl::IsResourceExhausted(writer_.state().last_error));
  EXPECT_FALSE(writer_.state().idle);
  EXPECT_FALSE(writer_.state().durable_at.has_value());

  disk_.Set(false, false);

  ASSERT_TRUE(disk_.AwaitNotes(4));
  while (!writer_.state().idle) ASSERT_TRUE(disk_.AwaitNotes(4));
  EXPECT_EQ(disk_.saved(), std::vector<uint64_t>{7});
  EXPECT_TRUE(writer_.state().last_error.ok());
}

TEST_F(CheckpointWriterTest, NewerOneReplacesTheFailedOne) {
  disk_.Set(false, /*full=*/true);
  Submit(1);
  ASSERT_TRUE(disk_.AwaitNotes(1));
  disk_.Set(/*stopped=*/true, false);
  Submit(2);
  disk_.Set(false, false);
  while (!writer_.state().idle) ASSERT_TRUE(disk_.AwaitNotes(1));

  EXPECT_EQ(writer_.state().durable_generation, 2u);
  EXPECT_EQ(disk_.saved().back(), 2u);
}

TEST_F(CheckpointWriterTest, TicketsTellWhatBecameOfEach) {
  disk_.Set(false, /*full=*/true);
  const uint64_t refused = Submit(4);
  ASSERT_TRUE(disk_.AwaitNotes(1));
  EXPECT_EQ(writer_.state().attempted, refused);
  EXPECT_LT(writer_.state().durable, refused);
  EXPECT_GE(writer_.state().failures, 1u);

  disk_.Set(false, false);
  const uint64_t written = Submit(4);
  while (!writer_.state().idle) ASSERT_TRUE(disk_.AwaitNotes(1));

  EXPECT_GT(written, refused);
  EXPECT_EQ(writer_.state().attempted, written);
  EXPECT_EQ(writer_.state().durable, written);
}

}  // namespace
}  // namespace starling
