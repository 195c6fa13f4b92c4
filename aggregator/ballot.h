// What sessions have answered to one unit, and which answer most of them give.
//
// Answers are the same if all their bits are, but for the words for people. A
// unit's true answer is unique, so more than one means that somebody computes
// other bits, or lies. Pure data; not thread-safe. Every call is O(answers).
#ifndef STARLING_AGGREGATOR_BALLOT_H_
#define STARLING_AGGREGATOR_BALLOT_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "proto/work.pb.h"

namespace starling {

class Ballot {
 public:
  using SessionId = uint64_t;

  // Whether a session has answered before, and the same.
  enum class Before { kNothing, kTheSame, kAnother };
  Before Compare(SessionId by, const v1::RolloutResult& answer) const;
  bool HasVoted(SessionId by) const;

  // The first answer of this session. False: somebody else has given another.
  bool Add(SessionId by, v1::RolloutResult answer);
  // Forgets what the session alone has said; false if that is nothing.
  bool Retract(SessionId by);
  // `heir` is the same worker.
  void Rename(SessionId session, SessionId heir);

  // Of sessions that give the same answer: the most, the first answer first.
  int most() const { return Votes(Leader()); }
  bool is_empty() const { return votes_.empty(); }
  bool is_disputed() const { return answers_.size() > 1; }
  // That which most give; there is one.
  const v1::RolloutResult& leader() const { return answers_[Leader()]; }
  v1::RolloutResult TakeLeader() { return std::move(answers_[Leader()]); }
  // Who has given others.
  std::vector<SessionId> Outvoted() const;

 private:
  struct Vote {
    SessionId by;
    int answer;
  };

  // Index of the answer with these bits; -1: none has.
  int Find(const v1::RolloutResult& answer) const;
  const Vote* FindVote(SessionId by) const;
  int Votes(int answer) const;
  int Leader() const;

  // Different ones.
  std::vector<v1::RolloutResult> answers_;
  std::vector<Vote> votes_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_BALLOT_H_
