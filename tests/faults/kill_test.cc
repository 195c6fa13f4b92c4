// Row 4 of the fault matrix: kills at any instant, many of them.
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/run_store.h"
#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ChildrenOf;
using testing::IsFullForm;
using testing::Process;
using testing::ProcessResult;
using testing::Row;

constexpr char kExperiment[] = R"(
name: "killed" seed: 9
env { half_cheetah {} max_steps: 60 }
policy { linear {} }
strategy { openai_es { num_directions: 15 sigma: 0.05 } }
evaluation { every: 5 episodes: 2 fresh_episodes: 1 }
budget { generations: 25 }
)";

class KillTest : public ClusterFixture {
 protected:
  KillTest() : ClusterFixture(kExperiment) {}

  // A random time: at which instant a process dies is the point.
  void PassUpTo(std::chrono::milliseconds most) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(random_() % (most.count() + 1)));
  }

  std::mt19937 random_{4};
};

// What run.db holds: by generation and index, whose and what.
class StoredResults {
 public:
  explicit StoredResults(const std::string& run) {
    auto store = RunStore::OpenReadOnly(run + "/run.db");
    // Killed before it was created.
    if (!store.ok()) return;
    for (uint64_t generation = 0; generation <= 26; ++generation) {
      const auto answers = (*store)->Results(generation);
      EXPECT_TRUE(answers.ok()) << answers.status();
      for (const SessionResult& answer : *answers) {
        const bool is_new =
            results_
                .insert({{generation, answer.result.index()},
                         {answer.session, answer.result.SerializeAsString()}})
                .second;
        // Of two sessions that answer a unit the first counts, unless it was
        // forgotten and computed again.
        EXPECT_TRUE(is_new) << "a result was computed twice";
      }
    }
  }

  // Results of `earlier` that are not here, though no checkpoint covers them.
  int NumLostSince(const StoredResults& earlier) const {
    if (results_.empty()) return 0;
    const uint64_t first = results_.begin()->first.first;
    int lost = 0;
    for (const auto& [unit, result] : earlier.results_) {
      if (unit.first < first) continue;
      const auto found = results_.find(unit);
      lost += found == results_.end() || found->second != result;
    }
    return lost;
  }
  int size() const { return static_cast<int>(results_.size()); }

 private:
  using Unit = std::pair<uint64_t, uint32_t>;
  std::map<Unit, std::pair<std::string, std::string>> results_;
};

TEST_F(KillTest, Row04_AggregatorsAtRandomInstants) {
  const int kills = IsFullForm() ? 200 : 12;
  Row row(4, absl::StrCat("kill -9 the aggregator at ", kills,
                          " random instants of short runs"),
          "resumes; 0 corrupt; 0 accepted results lost; same theta");
  const std::string expected = Undisturbed();
  int killed = 0, finished = 0, lost = 0, stored = 0;
  while (killed < kills) {
    run_ = Path(absl::StrCat("run", finished));
    StoredResults before(run_);
    while (true) {
      // No audits: a second answer to a unit is one too many.
      Process train(TrainCommand(experiment_, run_,
                                 {"--workers", "2", "--set",
                                  "audit_fraction=0"}));
      PassUpTo(std::chrono::milliseconds(700));
      if (killed < kills) train.Signal(SIGKILL);
      const ProcessResult result = train.Wait();
      if (result.status == 0) break;
      ASSERT_EQ(result.status, 128 + SIGKILL) << result.err;
      ASSERT_THAT(result.err, Not(HasSubstr("corrupt")));
      ++killed;
      StoredResults after(run_);
      lost += after.NumLostSince(before);
      stored += after.size();
      before = std::move(after);
    }
    ++finished;
    EXPECT_EQ(Signature(run_), expected) << run_;
  }
  EXPECT_EQ(lost, 0);
  EXPECT_GT(stored, 0);
  row.Saw(absl::StrCat(killed, " kills in ", finished, " runs; ", stored,
                       " stored results looked at, ", lost, " lost"));
  if (!HasFailure()) row.Saw("same theta in all runs");
}

TEST_F(KillTest, Row04_WorkersAtRandomInstants) {
  const int kills = IsFullForm() ? 200 : 12;
  Row row(4, absl::StrCat("kill -9 ", kills, " random workers"),
          "nothing by hand; same theta");
  const std::string expected = Undisturbed();
  int killed = 0, finished = 0;
  while (killed < kills) {
    run_ = Path(absl::StrCat("run", finished));
    Process train(TrainCommand(experiment_, run_, {"--workers", "3"}));
    while (train.running() && killed < kills) {
      PassUpTo(std::chrono::milliseconds(200));
      const std::vector<pid_t> workers = ChildrenOf(train.pid());
      if (workers.empty()) continue;
      kill(workers[random_() % workers.size()], SIGKILL);
      ++killed;
    }
    const ProcessResult result = train.Wait();
    EXPECT_EQ(result.status, 0) << result.err;
    ++finished;
    EXPECT_EQ(Signature(run_), expected) << run_;
  }
  row.Saw(absl::StrCat(killed, " kills in ", finished, " runs"));
  if (!HasFailure()) row.Saw("same theta in all runs");
}

}  // namespace
}  // namespace starling
