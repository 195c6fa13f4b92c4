#include "aggregator/ballot.h"

#include <algorithm>
#include <string>
#include <utility>

namespace starling {
namespace {

// Everything but the words for people.
std::string Bits(const v1::RolloutResult& answer) {
  v1::RolloutResult bits = answer;
  bits.clear_detail();
  return bits.SerializeAsString();
}

}  // namespace

Ballot::Before Ballot::Compare(SessionId by,
                               const v1::RolloutResult& answer) const {
  const Vote* vote = FindVote(by);
  if (vote == nullptr) return Before::kNothing;
  return Bits(answers_[vote->answer]) == Bits(answer) ? Before::kTheSame
                                                      : Before::kAnother;
}

bool Ballot::HasVoted(SessionId by) const { return FindVote(by) != nullptr; }

bool Ballot::Add(SessionId by, v1::RolloutResult answer) {
  int index = Find(answer);
  if (index < 0) {
    index = static_cast<int>(answers_.size());
    answers_.push_back(std::move(answer));
  }
  votes_.push_back({by, index});
  return answers_.size() == 1;
}

bool Ballot::Retract(SessionId by) {
  const Vote* vote = FindVote(by);
  if (vote == nullptr || Votes(vote->answer) > 1) return false;
  const int answer = vote->answer;
  std::erase_if(votes_, [&](const Vote& vote) { return vote.by == by; });
  answers_.erase(answers_.begin() + answer);
  for (Vote& other : votes_) {
    if (other.answer > answer) --other.answer;
  }
  return true;
}

void Ballot::Rename(SessionId session, SessionId heir) {
  for (Vote& vote : votes_) {
    if (vote.by == session) vote.by = heir;
  }
}

std::vector<Ballot::SessionId> Ballot::Outvoted() const {
  const int leader = Leader();
  std::vector<SessionId> others;
  for (const Vote& vote : votes_) {
    if (vote.answer != leader) others.push_back(vote.by);
  }
  return others;
}

int Ballot::Find(const v1::RolloutResult& answer) const {
  if (answers_.empty()) return -1;
  const std::string bits = Bits(answer);
  for (size_t i = 0; i < answers_.size(); ++i) {
    if (Bits(answers_[i]) == bits) return static_cast<int>(i);
  }
  return -1;
}

const Ballot::Vote* Ballot::FindVote(SessionId by) const {
  const auto found =
      std::find_if(votes_.begin(), votes_.end(),
                   [&](const Vote& vote) { return vote.by == by; });
  return found == votes_.end() ? nullptr : &*found;
}

int Ballot::Votes(int answer) const {
  return static_cast<int>(
      std::count_if(votes_.begin(), votes_.end(),
                    [&](const Vote& vote) { return vote.answer == answer; }));
}

int Ballot::Leader() const {
  int leader = 0;
  for (int i = 1; i < static_cast<int>(answers_.size()); ++i) {
    if (Votes(i) > Votes(leader)) leader = i;
  }
  return leader;
}

}  // namespace starling
