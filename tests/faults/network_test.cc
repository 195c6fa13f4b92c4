// Rows of the fault matrix: networks that fail.
#include <memory>
#include <string>
#include <vector>

#include "aggregator/run_directory.h"
#include "gtest/gtest.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"
#include "tests/testing/proxy.h"

namespace starling {
namespace {

using testing::Process;
using testing::Proxy;
using testing::Row;
using testing::Stopwatch;
using testing::WaitUntil;

constexpr char kExperiment[] = R"(
name: "network" seed: 7
env { half_cheetah {} max_steps: 20 }
policy { linear {} }
strategy { openai_es { num_directions: 20 sigma: 0.05 } }
evaluation { every: 10 episodes: 2 fresh_episodes: 1 }
budget { generations: 14 }
)";

class NetworkTest : public ClusterFixture {
 protected:
  NetworkTest() : ClusterFixture(kExperiment) {}

  // An aggregator, and three workers that reach it through a proxy.
  void StartBehindProxy() {
    aggregator_ = StartAggregator({"--listen", "127.0.0.1:0"});
    proxy_ = std::make_unique<Proxy>(
        ReadEndpoint(run_ + "/endpoint")->address());
    for (const char* name : {"a", "b", "c"}) {
      workers_.push_back(
          StartWorker(name, {"--connect", proxy_->address()},
                      FaultyPhysics("slow", {"STARLING_FAULT_MS=1"})));
    }
    ASSERT_TRUE(AwaitStatus("\"workers_active\":3"));
    ASSERT_TRUE(AwaitGeneration(1));
  }
  // All three are lost, and are back once the network is.
  void CutAndHeal(Proxy::Cut cut, double most, Row* row) {
    const double seconds = testing::IsFullForm() ? 20 : 12;
    proxy_->Set(cut);
    const Stopwatch since_cut;
    ASSERT_TRUE(WaitUntil([&] { return StatusNumber("workers_lost") >= 3; }));
    EXPECT_LE(since_cut.seconds(), most + .5) << "the look takes time";
    row->Saw("seen after " + since_cut.Text());
    WaitUntil([&] { return since_cut.seconds() >= seconds; });

    proxy_->Set(Proxy::Cut::kNone);
    const Stopwatch since_heal;
    ASSERT_TRUE(
        WaitUntil([&] { return StatusNumber("workers_active") == 3; }));
    EXPECT_LE(since_heal.seconds(), 6);
    row->Saw("all back " + since_heal.Text() + " after healing");
  }
  void ExpectSameTheta(Row* row) {
    EXPECT_EQ(aggregator_->Wait().status, 0) << aggregator_->err();
    for (auto& worker : workers_) {
      EXPECT_EQ(worker->Wait().status, 0) << worker->err();
    }
    EXPECT_EQ(Signature(run_), Undisturbed());
    if (!HasFailure()) row->Saw("same theta");
  }

  std::unique_ptr<Process> aggregator_;
  std::unique_ptr<Proxy> proxy_;
  std::vector<std::unique_ptr<Process>> workers_;
};

TEST_F(NetworkTest, Row06_CutAndHealed) {
  Row row(6, "network cut for 20 s, then healed",
          "seen <= 8 s; back <= 6 s after healing; same theta");
  StartBehindProxy();
  // Nothing is heard any more: four heartbeats.
  CutAndHeal(Proxy::Cut::kBoth, 8, &row);
  ExpectSameTheta(&row);
}

TEST_F(NetworkTest, Row06_SilentInOneDirection) {
  Row row(6, "network silent towards the workers for 20 s, then healed",
          "seen <= 16 s; back <= 6 s after healing; same theta");
  StartBehindProxy();
  // Workers are heard until they hang up, after 5 + 3 s without an answer.
  CutAndHeal(Proxy::Cut::kFromServer, 16, &row);
  ExpectSameTheta(&row);
}

}  // namespace
}  // namespace starling
