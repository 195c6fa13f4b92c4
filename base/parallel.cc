#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/log.h"

namespace starling {

void ParallelFor(int64_t n, int threads, int64_t grain,
                 const std::function<void(int64_t, int64_t)>& body) {
  CHECK_GE(threads, 1);
  CHECK_GE(grain, 1);
  if (n <= 0) return;
  const int64_t num_pieces = (n + grain - 1) / grain;
  const int num_threads =
      static_cast<int>(std::min<int64_t>(threads, num_pieces));
  if (num_threads == 1) {
    body(0, n);
    return;
  }

  // Threads take pieces as they come free: which thread computes a piece
  // cannot matter, since pieces share nothing.
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t piece = next++; piece < num_pieces; piece = next++) {
      body(piece * grain, std::min(n, (piece + 1) * grain));
    }
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < num_threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace starling
