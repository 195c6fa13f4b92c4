// For tests of what is kept on disk.
#ifndef STARLING_AGGREGATOR_STORAGE_TEST_SUPPORT_H_
#define STARLING_AGGREGATOR_STORAGE_TEST_SUPPORT_H_

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "proto/checkpoint.pb.h"

namespace starling {

// An empty folder of the running test.
inline std::string FreshFolder() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string path =
      ::testing::TempDir() + "/" + test->test_suite_name() + "." + test->name();
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

// A disk that is full: while it lives, no file grows beyond `bytes`.
class FullDisk {
 public:
  explicit FullDisk(uint64_t bytes) {
    old_handler_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    rlimit limit = old_limit_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_;
  sighandler_t old_handler_;
};

// A valid checkpoint of a policy with 3 parameters that looks at 2 numbers.
inline v1::Checkpoint SmallCheckpoint(uint64_t generation) {
  v1::Checkpoint checkpoint;
  checkpoint.set_format_version(1);
  checkpoint.mutable_experiment()->set_name("small");
  checkpoint.mutable_experiment()->mutable_env()->mutable_pendulum();
  checkpoint.mutable_experiment()->mutable_policy()->mutable_linear();
  checkpoint.mutable_env_spec()->set_name("pendulum");
  checkpoint.mutable_env_spec()->set_state_size(2);
  checkpoint.mutable_state()->set_generation(generation);
  auto* distribution = checkpoint.mutable_state()->mutable_distribution();
  for (const float x : {1.0f, -0.5f, 0.25f}) distribution->add_mean(x);
  distribution->set_sigma(0.1f);
  checkpoint.set_strategy("the strategy's state");
  checkpoint.set_env_steps(100 * generation);
  checkpoint.set_episodes(generation);
  checkpoint.set_elapsed_s(1.5);
  return checkpoint;
}

// The moments of the two observations (1, -2) and (3, 0).
inline v1::Moments SmallMoments() {
  v1::Moments moments;
  moments.set_count(2);
  const int64_t one = int64_t{1} << 20;
  for (const int64_t sum : {4 * one, -2 * one}) {
    moments.add_sum_low(static_cast<uint64_t>(sum));
    moments.add_sum_high(sum < 0 ? ~uint64_t{0} : 0);
  }
  for (const uint64_t sum : {uint64_t{10}, uint64_t{4}}) {
    moments.add_square_low(sum << 40);
    moments.add_square_high(0);
  }
  return moments;
}

}  // namespace starling

#endif  // STARLING_AGGREGATOR_STORAGE_TEST_SUPPORT_H_
