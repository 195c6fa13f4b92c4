// The set of architectures that a search may choose from.
//
// Made from its message (proto/search.proto) once; then validates, encodes and
// decodes. What all who know an architecture share: policies, controllers, and
// whoever draws one for people. Immutable, so thread-safe.
#ifndef STARLING_BASE_SEARCH_SPACE_H_
#define STARLING_BASE_SEARCH_SPACE_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/search.pb.h"

namespace starling {

// The values of each decision, in the order of the space: those at its places,
// or the k of a ManyOf in ascending order; a Float's are the indices of its
// numbers, a Bool's 0 and 1. Empty where a decision is not made.
using Choices = std::vector<std::vector<int32_t>>;

// log2 of the number of ways to choose k of n.
double Log2Binomial(double n, double k);

class SearchSpace {
 public:
  // Places of all decisions together.
  static constexpr int kMaxPlaces = 1'000'000;
  // Numbers of a Float.
  static constexpr int kFloatSteps = 1 << 16;

  // The space with one architecture, which decides nothing.
  SearchSpace();
  // InvalidArgument: names the decision and what is wrong with it.
  static absl::StatusOr<SearchSpace> Create(v1::SearchSpace message);

  const v1::SearchSpace& message() const { return message_; }
  bool empty() const { return decisions_.empty(); }
  int num_decisions() const { return static_cast<int>(decisions_.size()); }
  const std::string& name(int decision) const {
    return message_.decisions(decision).name();
  }
  // InvalidArgument: there is no such decision.
  absl::StatusOr<int> Find(const std::string& name) const;

  // Values that a decision has where it is made.
  int num_places(int decision) const { return decisions_[decision].places; }
  // A place's value is in [first_value, first_value + num_values).
  int32_t first_value(int decision) const { return decisions_[decision].first; }
  int32_t num_values(int decision) const { return decisions_[decision].values; }
  bool is_set(int decision) const { return decisions_[decision].is_set; }
  // Whether neighbouring values are alike.
  bool is_ordered(int decision) const { return decisions_[decision].ordered; }
  // Whether a decision is made, given those before it.
  bool IsMade(int decision, const Choices& choices) const;
  // The number that a value of a Float stands for.
  double Number(int decision, int32_t value) const;

  // Of the number of architectures.
  double Log2Size() const;
  // Of the message: equal for equal spaces, in every process.
  uint64_t fingerprint() const { return fingerprint_; }

  // InvalidArgument: names the decision, the place and the value.
  absl::Status Validate(const Choices& choices) const;

  // Canonical: equal choices have equal bytes. A byte for the version, then each
  // decision that is made, packed to the bit: ceil(log2(num_values)) bits a
  // place; a set as one bit a candidate, or above 4096 candidates as the gaps
  // between its members. CHECK-fails if the choices are not valid.
  v1::Architecture Encode(const Choices& choices) const;
  // InvalidArgument: of another space, or not what Encode makes.
  absl::StatusOr<Choices> Decode(const v1::Architecture& architecture) const;

  // "depth=2 layer1/edges=0-3,7 act=tanh rate=0.01", in order.
  std::string Text(const Choices& choices) const;

 private:
  struct Form {
    int places = 1;
    int32_t first = 0;
    int32_t values = 1;
    bool is_set = false;
    bool ordered = false;
    int bits = 0;     // a place
    int parent = -1;  // of the condition; -1: none
  };

  // Of a message that is not checked yet.
  struct Unchecked {};
  SearchSpace(v1::SearchSpace message, Unchecked)
      : message_(std::move(message)) {}

  absl::Status Add(const v1::Decision& decision);
  static absl::Status CheckCandidates(const std::string& name, uint32_t n);
  static absl::Status SetPlaces(const std::string& name, uint32_t count,
                                Form* form);
  absl::Status AddCondition(const v1::Decision& decision, Form* form) const;
  double Log2SizeFrom(int decision,
                      const std::vector<std::vector<int>>& children) const;

  v1::SearchSpace message_;
  std::vector<Form> decisions_;
  std::unordered_map<std::string, int> index_;
  int64_t num_places_ = 0;
  uint64_t fingerprint_ = 0;
};

}  // namespace starling

#endif  // STARLING_BASE_SEARCH_SPACE_H_
