// A run as on a cluster: an aggregator and workers, each a process of the real
// program, steered by its verbs.
#ifndef STARLING_TESTS_INTEGRATION_CLUSTER_FIXTURE_H_
#define STARLING_TESTS_INTEGRATION_CLUSTER_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/run_fixture.h"

namespace starling {

class ClusterFixture : public RunFixture {
 protected:
  using Words = std::vector<std::string>;

  // `experiment`: the text of the experiment of all that follows.
  explicit ClusterFixture(std::string experiment)
      : text_(std::move(experiment)) {}
  void SetUp() override;

  // On the socket "a.sock" unless `more` says --listen; waits until it serves.
  std::unique_ptr<testing::Process> StartAggregator(const Words& more = {});
  // `environment` ("NAME=VALUE") is added to that of the test.
  std::unique_ptr<testing::Process> StartWorker(const std::string& name,
                                                const Words& more = {},
                                                const Words& environment = {});
  std::vector<std::unique_ptr<testing::Process>> StartWorkers(
      int n, const Words& environment = {});

  // A verb of the program.
  static testing::ProcessResult Tell(Words words);
  // One that must work; what it prints.
  static std::string Ok(const Words& words);
  // What `status --json` says of the run.
  std::string Status() { return Ok({"status", run_, "--json"}); }
  // The number behind "name":; -1 if there is none.
  static double Number(const std::string& json, const std::string& name);
  double StatusNumber(const std::string& name) {
    return Number(Status(), name);
  }
  bool AwaitStatus(const std::string& part);
  bool AwaitGeneration(int generation);

  // The signature of a run that nobody disturbs.
  std::string Undisturbed();

  std::string experiment_, run_;

 private:
  const std::string text_;
};

// "LD_PRELOAD=.." for a fault in the physics (tests/faults/faulty_physics.cc),
// and what else it needs.
std::vector<std::string> FaultyPhysics(const std::string& fault,
                                       const std::vector<std::string>& more);

}  // namespace starling

#endif  // STARLING_TESTS_INTEGRATION_CLUSTER_FIXTURE_H_
