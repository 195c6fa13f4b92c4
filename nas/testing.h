// What the tests of controllers share.
#ifndef STARLING_NAS_TESTING_H_
#define STARLING_NAS_TESTING_H_

#include <memory>
#include <string>
#include <vector>

#include "base/text_proto.h"
#include "gtest/gtest.h"
#include "nas/controller.h"

namespace starling {

inline SearchSpace TestSpace(const std::string& text) {
  v1::SearchSpace message;
  EXPECT_TRUE(ParseTextProto(text, "a test", &message).ok());
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(message);
  EXPECT_TRUE(space.ok()) << space.status();
  return *std::move(space);
}

inline absl::StatusOr<std::unique_ptr<Controller>> MakeController(
    const std::string& text, const SearchSpace& space, uint64_t seed = 1) {
  v1::ControllerConfig config;
  EXPECT_TRUE(ParseTextProto(text, "a test", &config).ok());
  return ControllerRegistry::Make(config, space, seed);
}

// Every kind of decision, nested.
constexpr char kEveryKind[] = R"(
  decisions { name: "edges" many_of { k: 5 num_candidates: 12 } }
  decisions { name: "colour" one_of { num_candidates: 3 count: 4 } }
  decisions { name: "depth" integer { min: -2 max: 3 } }
  decisions { name: "rate" real { min: 0.001 max: 1 log: true } }
  decisions { name: "mask" boolean { count: 3 }
              only_if { decision: "depth" values: [0, 1] } }
  decisions { name: "inner" many_of { k: 2 num_candidates: 4 }
              only_if { decision: "depth" values: [1, 2, 3] } }
)";

// Proposes and learns for some generations; score(choices) is what to maximise.
template <typename ScoreFunction>
void Search(Controller& controller, int generations, int n,
            const ScoreFunction& score, int first_generation = 0) {
  for (int g = first_generation; g < first_generation + generations; ++g) {
    std::vector<Trial> trials;
    for (Choices& choices : controller.Propose(g, n)) {
      Objectives objectives;
      objectives.score = objectives.mean_return = score(choices);
      trials.push_back({std::move(choices), objectives});
    }
    controller.Learn(trials);
  }
}

}  // namespace starling

#endif  // STARLING_NAS_TESTING_H_
