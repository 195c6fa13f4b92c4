// A search for an architecture through the real program: the same bits for any
// number of workers and whatever is killed, and what comes out can be used.
#include <cstdlib>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using testing::ProcessResult;

// Short, with every stage: proposals, a front, a check, fine-tuning.
constexpr char kExperiment[] = R"(
name: "search" seed: 11
env { pendulum {} max_steps: 100 }
policy { edge_pruned { mlp { hidden: 8 } residual { edges: 12 } } }
strategy { openai_es { num_directions: 12 sigma: 0.05 } }
controller { policy_gradient { step_size: 0.3 } }
objectives { limit: 10 }
search { candidates: 3 candidate_episodes: 2 sampled_episodes: 4 front_every: 4
         front_episodes: 2 fine_tune_generations: 4 }
evaluation { every: 3 episodes: 2 fresh_episodes: 1 }
budget { generations: 10 }
)";

class SearchTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    experiment_ = Write("search.textproto", kExperiment);
  }
  std::vector<std::string> Command(
      const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        Starling(), "search", experiment_, "--run", run, "--progress", "plain"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  ProcessResult Search(const std::string& run,
                       const std::vector<std::string>& more = {}) const {
    return testing::RunProcess(Command(run, more), "",
                               std::chrono::seconds(300));
  }

  std::string experiment_;
};

TEST_F(SearchTest, AnyNumberOfWorkersBringsTheSameBits) {
  for (const std::string controller :
       {"policy_gradient", "regularized_evolution", "nsga2", "hill_climbing",
        "pointer_network", "random"}) {
    std::string expected;
    for (const char* const workers : {"1", "3"}) {
      const std::string run = Path(absl::StrCat(controller, workers));
      const ProcessResult result =
          Search(run, {"--workers", workers, "--set",
                       absl::StrCat("controller.", controller, "={}")});
      ASSERT_EQ(result.status, 0) << result.err;
      if (expected.empty()) expected = Signature(run);
      EXPECT_EQ(Signature(run), expected) << controller;
    }
  }
}

TEST_F(SearchTest, AKilledSearchGoesOnWhereItWas) {
  const std::string undisturbed = Path("undisturbed");
  ASSERT_EQ(Search(undisturbed, {"--workers", "1"}).status, 0);
  const std::string run = Path("killed");
  const ProcessResult result = RunKilledEverLater(
      Command(run, {"--workers", "2"}), std::chrono::milliseconds(200),
      std::chrono::milliseconds(70));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Signature(run), Signature(undisturbed));
}

TEST_F(SearchTest, EndsWithAFrontAndAPolicyThatCanBeUsed) {
  const std::string run = Path("run");
  const ProcessResult result = Search(run, {"--retrain"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(absl::EndsWith(result.out, run + "\n")) << result.out;
  EXPECT_TRUE(absl::StrContains(result.err, "The search has chosen"));
  EXPECT_TRUE(absl::StrContains(result.err, "edges="));
  std::ifstream pareto(run + "/pareto.csv");
  std::string header, line;
  ASSERT_TRUE(std::getline(pareto, header));
  EXPECT_TRUE(absl::StartsWith(header, "generation,cost,mean,ci95_low"));
  ASSERT_TRUE(std::getline(pareto, line));

  for (const std::string& policy : {run, run + "/retrain"}) {
    const ProcessResult eval = testing::RunProcess(
        {Starling(), "eval", policy, "--episodes", "3", "--json"});
    EXPECT_EQ(eval.status, 0) << eval.err;
    EXPECT_TRUE(absl::StrContains(eval.out, "\"mean\"")) << eval.out;
  }
  // The same command finds nothing left to do.
  EXPECT_EQ(Search(run).status, 0);
}

TEST_F(SearchTest, ASearchResumedWithAnotherSpacePrintsTheDifference) {
  const std::string run = Path("run");
  ASSERT_EQ(Search(run, {"--set", "budget.generations=1"}).status, 0);
  const ProcessResult result =
      Search(run, {"--set", "budget.generations=1", "--set",
                   "policy.edge_pruned.residual.edges=13"});
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, "residual.edges")) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, "12")) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, "13")) << result.err;
}

TEST_F(SearchTest, TrainAndSearchSendEachOthersExperimentsOn) {
  const ProcessResult train = Train(experiment_, Path("run"));
  EXPECT_EQ(train.status, 2);
  EXPECT_TRUE(absl::StrContains(train.err, "starling search")) << train.err;
  const ProcessResult search = Search(Path("run"), {"--set", "controller={}"});
  EXPECT_EQ(search.status, 2);
  EXPECT_TRUE(absl::StrContains(search.err, "starling train")) << search.err;
}

TEST_F(SearchTest, WhatCannotBeMeantIsSaidBeforeTheStart) {
  const struct {
    const char* set;
    const char* says;
  } kCases[] = {
      {"policy.edge_pruned.residual.edges=99", "must be 1 to 35"},
      {"policy.edge_pruned.residual.edges=0", "must be 1 to 35"},
      {"policy.weight_shared={partition{num_weights: 1}}",
       "nothing is left to choose"},
      {"policy.mlp={}", "policy.mlp has nothing to search"},
      {"controller.regularized_evolution={population: 3 tournament: 4}",
       "more than the population of 3"},
      {"objectives={limit: 5 product {}}", "reward_offset"},
      {"objectives={penalty {}}", "objectives.limit"},
      {"objectives={cost: LATENCY limit: 5}", "bench latency"},
      {"search.fine_tune_strategy={ars {num_directions: 2 top_directions: 3}}",
       "search.fine_tune_strategy"},
  };
  for (const auto& tried : kCases) {
    const ProcessResult result = testing::RunProcess(
        {Starling(), "validate", experiment_, "--set", tried.set});
    EXPECT_EQ(result.status, 2) << tried.set;
    EXPECT_TRUE(absl::StrContains(result.err + result.out, tried.says))
        << tried.set << ": " << result.err << result.out;
  }
}

}  // namespace
}  // namespace starling
