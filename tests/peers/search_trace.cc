// Lets another program evaluate what a controller proposes: for comparisons.
//
// Usage: search_trace 'CONTROLLER TEXT' K N BATCH SEED
// Searches K of N. Again and again: writes BATCH lines, each a set, then a line
// with the set it would choose now; reads BATCH scores. Ends at the end of
// input.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/text_proto.h"
#include "nas/controller.h"

int main(int argc, char** argv) {
  using namespace starling;
  CHECK_EQ(argc, 6) << "usage: search_trace CONTROLLER K N BATCH SEED";
  v1::ControllerConfig config;
  const absl::Status parsed = ParseTextProto(argv[1], "controller", &config);
  CHECK(parsed.ok()) << parsed;
  v1::SearchSpace message;
  v1::Decision* set = message.add_decisions();
  set->set_name("set");
  set->mutable_many_of()->set_k(std::atoi(argv[2]));
  set->mutable_many_of()->set_num_candidates(std::atoi(argv[3]));
  const SearchSpace space = *SearchSpace::Create(message);
  const int batch = std::atoi(argv[4]);
  const auto controller =
      ControllerRegistry::Make(config, space, std::atoi(argv[5]));
  CHECK(controller.ok()) << controller.status();

  const auto write = [](const Choices& choices) {
    for (const int member : choices[0]) std::cout << member << " ";
    std::cout << "\n";
  };
  for (uint64_t generation = 0;; ++generation) {
    std::vector<Trial> trials;
    for (Choices& choices : (*controller)->Propose(generation, batch)) {
      write(choices);
      trials.push_back({std::move(choices), Objectives()});
    }
    write((*controller)->Best());
    std::cout << std::flush;
    for (Trial& trial : trials) {
      double score = 0;
      if (!(std::cin >> score)) return 0;
      trial.objectives->score = trial.objectives->mean_return = score;
    }
    (*controller)->Learn(trials);
  }
}
