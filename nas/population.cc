#include "nas/population.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "nas/objectives.h"
#include "nas/sampling.h"
#include "proto/controller_state.pb.h"

namespace starling {
namespace {

// How often each value of each place was chosen; of a set, each candidate.
std::vector<double> Count(const SearchSpace& space, int decision,
                          const std::vector<const Individual*>& members) {
  const int values = space.num_values(decision);
  const bool is_set = space.is_set(decision);
  const int places = is_set ? 1 : space.num_places(decision);
  std::vector<double> counts(static_cast<size_t>(places) * values);
  for (const Individual* member : members) {
    const std::vector<int32_t>& chosen = member->choices[decision];
    for (size_t i = 0; i < chosen.size(); ++i) {
      const int32_t value = chosen[i] - space.first_value(decision);
      counts[(is_set ? 0 : i * values) + value] += 1;
    }
  }
  return counts;
}

}  // namespace

std::vector<Individual> Standardize(absl::Span<const Trial> trials) {
  std::vector<Individual> individuals;
  std::vector<double> scores, returns;
  for (const Trial& trial : trials) {
    if (!trial.objectives.has_value()) continue;
    individuals.push_back({trial.choices, 0, 0, trial.objectives->cost});
    scores.push_back(trial.objectives->score);
    returns.push_back(trial.objectives->mean_return);
  }
  scores = ZScores(scores);
  returns = ZScores(returns);
  for (size_t i = 0; i < individuals.size(); ++i) {
    individuals[i].score = scores[i];
    individuals[i].mean_return = returns[i];
  }
  return individuals;
}

Rng ProposalRng(uint64_t seed, uint64_t generation, int index) {
  return Rng(DeriveSeed(seed, Stream::kController, generation, index, 0));
}

std::vector<std::vector<double>> Frequencies(
    const SearchSpace& space, const std::deque<Individual>& members) {
  std::vector<std::vector<double>> frequencies;
  for (int i = 0; i < space.num_decisions(); ++i) {
    std::vector<const Individual*> made;
    for (const Individual& member : members) {
      if (!member.choices[i].empty()) made.push_back(&member);
    }
    std::vector<double> counts = Count(space, i, made);
    const double uniform =
        (space.is_set(i) ? space.num_places(i) : 1.0) / space.num_values(i);
    for (double& count : counts) {
      count = made.empty() ? uniform : count / made.size();
    }
    frequencies.push_back(std::move(counts));
  }
  return frequencies;
}

Choices Majority(const SearchSpace& space,
                 const std::deque<Individual>& members) {
  CHECK(!members.empty());
  Choices best(space.num_decisions());
  for (int i = 0; i < space.num_decisions(); ++i) {
    if (!space.IsMade(i, best)) continue;
    std::vector<const Individual*> made;
    for (const Individual& member : members) {
      if (!member.choices[i].empty()) made.push_back(&member);
    }
    const std::vector<double> counts = Count(space, i, made);
    const int values = space.num_values(i), places = space.num_places(i);
    if (space.is_set(i)) {
      std::vector<int32_t> order(values);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        return counts[a] > counts[b];
      });
      best[i].assign(order.begin(), order.begin() + places);
      std::sort(best[i].begin(), best[i].end());
      continue;
    }
    for (int place = 0; place < places; ++place) {
      const auto first = counts.begin() + int64_t{place} * values;
      const auto most = std::max_element(first, first + values) - first;
      best[i].push_back(space.first_value(i) + static_cast<int32_t>(most));
    }
  }
  return best;
}

std::string SavePopulation(const SearchSpace& space,
                           const std::deque<Individual>& members) {
  v1::PopulationState state;
  state.set_space(space.fingerprint());
  for (const Individual& member : members) {
    v1::Member* saved = state.add_members();
    saved->set_encoding(space.Encode(member.choices).encoding());
    saved->set_score(member.score);
    saved->add_objectives(member.mean_return);
    saved->add_objectives(member.cost);
  }
  return state.SerializeAsString();
}

absl::Status RestorePopulation(const SearchSpace& space,
                               const std::string& state, size_t limit,
                               std::deque<Individual>* members) {
  v1::PopulationState saved;
  if (!saved.ParseFromString(state)) {
    return absl::DataLossError("the saved controller is damaged");
  }
  if (saved.space() != space.fingerprint()) {
    return absl::DataLossError(
        "the saved controller searches another space than this one");
  }
  if (static_cast<size_t>(saved.members_size()) > limit) {
    return absl::DataLossError(absl::StrCat("the saved controller has ",
                                            saved.members_size(),
                                            " members, more than ", limit));
  }
  std::deque<Individual> restored;
  for (const v1::Member& member : saved.members()) {
    v1::Architecture architecture;
    architecture.set_space(saved.space());
    architecture.set_encoding(member.encoding());
    auto choices = space.Decode(architecture);
    if (!choices.ok()) {
      return absl::DataLossError(absl::StrCat(
          "a member of the saved controller: ", choices.status().message()));
    }
    if (member.objectives_size() != 2 || !std::isfinite(member.score()) ||
        !std::isfinite(member.objectives(0)) ||
        !std::isfinite(member.objectives(1))) {
      return absl::DataLossError(
          "a member of the saved controller has scores that are no numbers");
    }
    restored.push_back({*std::move(choices), member.score(),
                        member.objectives(0), member.objectives(1)});
  }
  *members = std::move(restored);
  return absl::OkStatus();
}

}  // namespace starling
