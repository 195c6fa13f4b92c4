// Architectures, as they come in a work unit, a checkpoint or an experiment:
// decoded in a space with every kind of decision.
#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/search_space.h"
#include "nas/sampling.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

const SearchSpace& Space() {
  static const auto* const space = [] {
    v1::SearchSpace message;
    v1::Decision* edges = message.add_decisions();
    edges->set_name("edges");
    edges->mutable_many_of()->set_k(6);
    edges->mutable_many_of()->set_num_candidates(30);
    v1::Decision* wide = message.add_decisions();
    wide->set_name("wide");
    wide->mutable_many_of()->set_k(3);
    wide->mutable_many_of()->set_num_candidates(5000);
    v1::Decision* colour = message.add_decisions();
    colour->set_name("colour");
    colour->mutable_one_of()->set_num_candidates(17);
    colour->mutable_one_of()->set_count(5);
    v1::Decision* depth = message.add_decisions();
    depth->set_name("depth");
    depth->mutable_integer()->set_min(-3);
    depth->mutable_integer()->set_max(3);
    v1::Decision* rate = message.add_decisions();
    rate->set_name("rate");
    rate->mutable_real()->set_min(0);
    rate->mutable_real()->set_max(1);
    rate->mutable_only_if()->set_decision("depth");
    rate->mutable_only_if()->add_values(1);
    return new SearchSpace(*SearchSpace::Create(message));
  }();
  return *space;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::Architecture architecture;
  if (!architecture.ParseFromArray(bytes.data(),
                                   static_cast<int>(bytes.size()))) {
    return false;
  }
  const absl::StatusOr<Choices> choices = Space().Decode(architecture);
  if (!choices.ok()) return false;
  // What is taken is an element, and has these bytes and no others.
  CHECK(Space().Validate(*choices).ok());
  CHECK(Space().Encode(*choices).encoding() == architecture.encoding());
  CHECK(!Space().Text(*choices).empty());
  return true;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  Rng rng(1);
  for (int i = 0; i < 8; ++i) {
    seeds.push_back(
        SerializeDeterministically(Space().Encode(Sample(Space(), &rng))));
  }
  return seeds;
}

}  // namespace starling
