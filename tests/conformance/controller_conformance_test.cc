// The contract of nas/controller.h, over every controller that is linked in.
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "nas/controller.h"
#include "nas/testing.h"

namespace starling {
namespace {

// Spaces that are hard in one way or another.
const char* const kSpaces[] = {
    kEveryKind,
    R"(decisions { name: "one" one_of { num_candidates: 2 } })",
    R"(decisions { name: "all" many_of { k: 3 num_candidates: 3 } }
       decisions { name: "mask" boolean { count: 20 } })",
    R"(decisions { name: "edges" many_of { k: 64 num_candidates: 736 } })",
};

// Small populations, so that they fill.
v1::ControllerConfig Config(const std::string& kind) {
  v1::ControllerConfig config = *ControllerRegistry::Default(kind);
  if (config.has_regularized_evolution()) {
    config.mutable_regularized_evolution()->set_population(12);
  }
  if (config.has_nsga2()) config.mutable_nsga2()->set_population(12);
  if (config.has_pointer_network()) {
    config.mutable_pointer_network()->set_hidden(8);
  }
  return config;
}

// Any function of the choices; depends on all of them.
double ScoreOf(const Choices& choices) {
  double sum = 0;
  for (size_t d = 0; d < choices.size(); ++d) {
    for (size_t i = 0; i < choices[d].size(); ++i) {
      sum += ((choices[d][i] * 31 + static_cast<int>(i) * 17 +
               static_cast<int>(d)) %
              13);
    }
  }
  return sum;
}

std::vector<Trial> Try(std::vector<Choices> proposals, uint64_t generation) {
  std::vector<Trial> trials;
  for (size_t i = 0; i < proposals.size(); ++i) {
    std::optional<Objectives> objectives;
    // Some fail.
    if ((i + generation) % 5 != 0) {
      objectives.emplace();
      objectives->mean_return = ScoreOf(proposals[i]);
      objectives->cost = proposals[i][0][0];
      objectives->score = objectives->mean_return - objectives->cost;
    }
    trials.push_back({std::move(proposals[i]), objectives});
  }
  return trials;
}

class ControllerConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Controller> Make(const SearchSpace& space,
                                   uint64_t seed = 7) const {
    return *ControllerRegistry::Make(Config(GetParam()), space, seed);
  }
  // body(space) for every space.
  template <typename Body>
  void ForEachSpace(const Body& body) {
    for (const char* const text : kSpaces) {
      SCOPED_TRACE(text);
      body(TestSpace(text));
    }
  }
};

TEST_P(ControllerConformanceTest, ProposesAndChoosesValidArchitectures) {
  ForEachSpace([&](const SearchSpace& space) {
    const auto controller = Make(space);
    EXPECT_TRUE(space.Validate(controller->Best()).ok());
    for (int g = 0; g < 12; ++g) {
      const std::vector<Choices> proposals = controller->Propose(g, 9);
      ASSERT_EQ(proposals.size(), 9u);
      for (const Choices& choices : proposals) {
        ASSERT_TRUE(space.Validate(choices).ok()) << space.Validate(choices);
      }
      controller->Learn(Try(proposals, g));
      ASSERT_TRUE(space.Validate(controller->Best()).ok());
    }
  });
}

TEST_P(ControllerConformanceTest, ProposesTheSameAgainForTheSameState) {
  ForEachSpace([&](const SearchSpace& space) {
    const auto a = Make(space), b = Make(space);
    for (int g = 0; g < 6; ++g) {
      const std::vector<Choices> proposals = a->Propose(g, 7);
      EXPECT_EQ(a->Propose(g, 7), proposals);
      EXPECT_EQ(b->Propose(g, 7), proposals);
      a->Learn(Try(proposals, g));
      b->Learn(Try(proposals, g));
      EXPECT_EQ(a->Save(), b->Save());
    }
    if (space.Log2Size() > 8) {
      EXPECT_NE(Make(space, 8)->Propose(0, 7), Make(space)->Propose(0, 7));
      EXPECT_NE(Make(space)->Propose(1, 7), Make(space)->Propose(0, 7));
    }
  });
}

TEST_P(ControllerConformanceTest, GoesOnFromWhatItSavedWithTheSameBits) {
  ForEachSpace([&](const SearchSpace& space) {
    const auto whole = Make(space);
    for (int g = 0; g < 8; ++g) {
      const std::string saved = whole->Save();
      const auto resumed = Make(space);
      ASSERT_TRUE(resumed->Restore(saved).ok()) << resumed->Restore(saved);
      EXPECT_EQ(resumed->Save(), saved);
      const std::vector<Choices> proposals = whole->Propose(g, 7);
      EXPECT_EQ(resumed->Propose(g, 7), proposals);
      whole->Learn(Try(proposals, g));
      resumed->Learn(Try(proposals, g));
      ASSERT_EQ(resumed->Save(), whole->Save()) << "generation " << g;
      EXPECT_EQ(resumed->Best(), whole->Best());
    }
  });
}

TEST_P(ControllerConformanceTest, ProposingAndAskingChangesNothing) {
  ForEachSpace([&](const SearchSpace& space) {
    const auto controller = Make(space);
    controller->Learn(Try(controller->Propose(0, 20), 0));
    const std::string saved = controller->Save();
    controller->Propose(1, 5);
    controller->Best();
    controller->Probabilities();
    EXPECT_EQ(controller->Save(), saved);
  });
}

TEST_P(ControllerConformanceTest, AGenerationThatFailedTeachesNothing) {
  ForEachSpace([&](const SearchSpace& space) {
    const auto controller = Make(space);
    controller->Learn(Try(controller->Propose(0, 20), 0));
    const std::string saved = controller->Save();
    std::vector<Trial> failed;
    for (Choices& choices : controller->Propose(1, 6)) {
      failed.push_back({std::move(choices), std::nullopt});
    }
    controller->Learn(failed);
    EXPECT_EQ(controller->Save(), saved);
  });
}

TEST_P(ControllerConformanceTest, ProbabilitiesAreProbabilities) {
  ForEachSpace([&](const SearchSpace& space) {
    const auto controller = Make(space);
    for (int g = 0; g < 3; ++g) {
      const auto probabilities = controller->Probabilities();
      ASSERT_EQ(static_cast<int>(probabilities.size()), space.num_decisions());
      for (int d = 0; d < space.num_decisions(); ++d) {
        const int values = space.num_values(d);
        const int rows = space.is_set(d) ? 1 : space.num_places(d);
        ASSERT_EQ(static_cast<int>(probabilities[d].size()), rows * values);
        for (int row = 0; row < rows; ++row) {
          const auto first = probabilities[d].begin() + row * values;
          EXPECT_NEAR(std::accumulate(first, first + values, 0.0),
                      space.is_set(d) ? space.num_places(d) : 1, 1e-6);
        }
      }
      controller->Learn(Try(controller->Propose(g, 20), g));
    }
  });
}

TEST_P(ControllerConformanceTest, RefusesWhatItDidNotSave) {
  const SearchSpace space = TestSpace(kEveryKind);
  const auto controller = Make(space);
  controller->Learn(Try(controller->Propose(0, 20), 0));
  const std::string saved = controller->Save();
  const auto other = Make(TestSpace(kSpaces[1]));
  other->Learn(Try(other->Propose(0, 20), 0));

  for (const std::string& damaged :
       {other->Save(), saved.substr(0, saved.size() / 2), saved + "x",
        std::string("\xff\xff"), std::string(200, 'a')}) {
    const absl::Status status = controller->Restore(damaged);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_EQ(controller->Save(), saved);
  }
}

TEST_P(ControllerConformanceTest, AnyDamageIsRefusedOrStillAController) {
  const SearchSpace space = TestSpace(kEveryKind);
  const auto controller = Make(space);
  controller->Learn(Try(controller->Propose(0, 20), 0));
  const std::string saved = controller->Save();
  Rng rng(3);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = saved;
    damaged[rng.Below(static_cast<uint32_t>(damaged.size()))] ^=
        static_cast<char>(1 + rng.Below(255));
    if (!controller->Restore(damaged).ok()) continue;
    for (const Choices& choices : controller->Propose(1, 3)) {
      ASSERT_TRUE(space.Validate(choices).ok());
    }
    ASSERT_TRUE(space.Validate(controller->Best()).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Registered, ControllerConformanceTest,
                         testing::ValuesIn(ControllerRegistry::Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace starling
