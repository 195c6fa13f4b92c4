#include "base/search_space.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/math.h"
#include "base/status.h"

namespace starling {
namespace {

int BitsFor(int64_t values) {
  int bits = 0;
  while ((int64_t{1} << bits) < values) ++bits;
  return bits;
}

// Of a Float on a logarithmic scale.
constexpr double kMinLog = 1e-30, kMaxLog = 1e30;

absl::Status Bad(absl::string_view decision, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat("decision \"", decision, "\": ", what));
}

// "0-3,7": ascending numbers, runs of three or more shortened.
std::string Runs(const std::vector<int32_t>& numbers) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < numbers.size();) {
    size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (end - i >= 3) {
      parts.push_back(absl::StrCat(numbers[i], "-", numbers[end - 1]));
    } else {
      end = i + 1;
      parts.push_back(absl::StrCat(numbers[i]));
    }
    i = end;
  }
  return absl::StrJoin(parts, ",");
}

}  // namespace

double Log2Binomial(double n, double k) {
  return (std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1)) /
         std::log(2.0);
}

SearchSpace::SearchSpace() {
  const auto space = Create(v1::SearchSpace());
  CHECK(space.ok());
  *this = *space;
}

absl::StatusOr<SearchSpace> SearchSpace::Create(v1::SearchSpace message) {
  SearchSpace space(std::move(message), Unchecked());
  for (const v1::Decision& decision : space.message_.decisions()) {
    RETURN_IF_ERROR(space.Add(decision));
  }
  const std::string digest = Sha256(SerializeDeterministically(space.message_));
  for (int i = 0; i < 8; ++i) {
    space.fingerprint_ |= uint64_t{static_cast<uint8_t>(digest[i])} << 8 * i;
  }
  return space;
}

absl::Status SearchSpace::Add(const v1::Decision& decision) {
  const std::string& name = decision.name();
  const int number = static_cast<int>(decisions_.size());
  if (name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("decision ", number, " of the search space has no name"));
  }
  if (index_.count(name) > 0) return Bad(name, "the name is taken");
  Form form;
  switch (decision.kind_case()) {
    case v1::Decision::kOneOf: {
      const v1::OneOf& choice = decision.one_of();
      RETURN_IF_ERROR(CheckCandidates(name, choice.num_candidates()));
      if (choice.num_candidates() == 1) {
        return Bad(name, "has one candidate: nothing is left to choose");
      }
      if (choice.names_size() != 0 &&
          choice.names_size() != static_cast<int>(choice.num_candidates())) {
        return Bad(name, absl::StrCat(choice.num_candidates(),
                                      " candidates, but ", choice.names_size(),
                                      " names"));
      }
      form.values = static_cast<int32_t>(choice.num_candidates());
      RETURN_IF_ERROR(SetPlaces(name, choice.count(), &form));
      break;
    }
    case v1::Decision::kManyOf: {
      const v1::ManyOf& many = decision.many_of();
      RETURN_IF_ERROR(CheckCandidates(name, many.num_candidates()));
      if (many.k() < 1 || many.k() > many.num_candidates()) {
        return Bad(name, absl::StrCat("k must be in [1, ",
                                      many.num_candidates(),
                                      "], the number of candidates; got ",
                                      many.k()));
      }
      form.values = static_cast<int32_t>(many.num_candidates());
      form.is_set = true;
      RETURN_IF_ERROR(SetPlaces(name, many.k(), &form));
      break;
    }
    case v1::Decision::kInteger: {
      const v1::Int& integer = decision.integer();
      const int64_t values = int64_t{integer.max()} - integer.min() + 1;
      if (values < 2 || values > kMaxPlaces) {
        return Bad(name, absl::StrCat("[", integer.min(), ", ", integer.max(),
                                      "] must hold 2 to ", kMaxPlaces,
                                      " numbers"));
      }
      form.first = integer.min();
      form.values = static_cast<int32_t>(values);
      form.ordered = true;
      break;
    }
    case v1::Decision::kReal: {
      const v1::Float& real = decision.real();
      if (!(std::isfinite(real.min()) && std::isfinite(real.max()) &&
            real.min() < real.max())) {
        return Bad(name, absl::StrCat("min must be below max, both finite; got ",
                                      real.min(), " and ", real.max()));
      }
      if (real.log() && (real.min() < kMinLog || real.max() > kMaxLog)) {
        return Bad(name, absl::StrCat("on a logarithmic scale it must be in [",
                                      kMinLog, ", ", kMaxLog, "]; got ",
                                      real.min(), " and ", real.max()));
      }
      form.values = kFloatSteps;
      form.ordered = true;
      break;
    }
    case v1::Decision::kBoolean:
      form.values = 2;
      RETURN_IF_ERROR(SetPlaces(name, decision.boolean().count(), &form));
      break;
    case v1::Decision::KIND_NOT_SET:
      return Bad(name, "says not what is to be decided");
  }
  form.bits = BitsFor(form.values);
  if (decision.has_only_if()) RETURN_IF_ERROR(AddCondition(decision, &form));
  num_places_ += form.places;
  if (num_places_ > kMaxPlaces) {
    return Bad(name, absl::StrCat("with it the space has more than ", kMaxPlaces,
                                  " places to decide"));
  }
  index_[name] = number;
  decisions_.push_back(form);
  return absl::OkStatus();
}

absl::Status SearchSpace::CheckCandidates(const std::string& name,
                                          uint32_t n) {
  if (n >= 1 && n <= kMaxPlaces) return absl::OkStatus();
  return Bad(name, absl::StrCat("must have 1 to ", kMaxPlaces,
                                " candidates, got ", n));
}

absl::Status SearchSpace::SetPlaces(const std::string& name, uint32_t count,
                                    Form* form) {
  if (count < 1 || count > kMaxPlaces) {
    return Bad(name, absl::StrCat("must have 1 to ", kMaxPlaces,
                                  " places, got ", count));
  }
  form->places = static_cast<int>(count);
  return absl::OkStatus();
}

absl::Status SearchSpace::AddCondition(const v1::Decision& decision,
                                       Form* form) const {
  const v1::Condition& condition = decision.only_if();
  const auto parent = index_.find(condition.decision());
  if (parent == index_.end()) {
    return Bad(decision.name(),
               absl::StrCat("depends on \"", condition.decision(),
                            "\", which is no decision before it; conditions "
                            "look back, so that none can go in a circle"));
  }
  form->parent = parent->second;
  const Form& before = decisions_[parent->second];
  if (before.places != 1 || before.is_set) {
    return Bad(decision.name(),
               absl::StrCat("depends on \"", condition.decision(),
                            "\", which is a set or has several places"));
  }
  if (condition.values().empty()) {
    return Bad(decision.name(), "its condition names no value");
  }
  for (const int32_t value : condition.values()) {
    if (value < before.first || value - before.first >= before.values) {
      return Bad(decision.name(),
                 absl::StrCat("depends on value ", value, " of \"",
                              condition.decision(), "\", which has ",
                              before.first, " to ",
                              before.first + before.values - 1));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> SearchSpace::Find(const std::string& name) const {
  const auto found = index_.find(name);
  if (found != index_.end()) return found->second;
  return absl::InvalidArgumentError(
      absl::StrCat("the search space has no decision \"", name, "\""));
}

bool SearchSpace::IsMade(int decision, const Choices& choices) const {
  const int parent = decisions_[decision].parent;
  if (parent < 0) return true;
  if (choices[parent].empty()) return false;
  const auto& values = message_.decisions(decision).only_if().values();
  return std::find(values.begin(), values.end(), choices[parent][0]) !=
         values.end();
}

double SearchSpace::Number(int decision, int32_t value) const {
  const v1::Float& real = message_.decisions(decision).real();
  const double share = static_cast<double>(value) / (kFloatSteps - 1);
  if (!real.log()) return real.min() + share * (real.max() - real.min());
  if (value == 0) return real.min();
  if (value == kFloatSteps - 1) return real.max();
  // Of base/math: the same bits everywhere, to seven digits.
  const float low = Log(static_cast<float>(real.min()));
  const float high = Log(static_cast<float>(real.max()));
  return Exp(low + static_cast<float>(share) * (high - low));
}

double SearchSpace::Log2Size() const {
  // A decision is a child of the one that its condition names.
  std::vector<std::vector<int>> children(decisions_.size());
  double size = 0;
  for (int i = 0; i < num_decisions(); ++i) {
    if (decisions_[i].parent >= 0) {
      children[decisions_[i].parent].push_back(i);
    }
  }
  for (int i = 0; i < num_decisions(); ++i) {
    if (decisions_[i].parent < 0) size += Log2SizeFrom(i, children);
  }
  return size;
}

double SearchSpace::Log2SizeFrom(
    int decision, const std::vector<std::vector<int>>& children) const {
  const Form& form = decisions_[decision];
  if (form.is_set) return Log2Binomial(form.values, form.places);
  if (children[decision].empty()) return form.places * std::log2(form.values);
  // The sum over its values of the product of what each lets follow.
  std::vector<double> following(children[decision].size());
  for (size_t i = 0; i < following.size(); ++i) {
    following[i] = Log2SizeFrom(children[decision][i], children);
  }
  std::unordered_map<int32_t, double> sizes;
  for (size_t i = 0; i < following.size(); ++i) {
    const auto& condition =
        message_.decisions(children[decision][i]).only_if();
    std::vector<int32_t> values(condition.values().begin(),
                                condition.values().end());
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const int32_t value : values) sizes[value] += following[i];
  }
  double largest = 0;
  for (const auto& [value, size] : sizes) largest = std::max(largest, size);
  double sum = (form.values - static_cast<double>(sizes.size())) *
               std::exp2(-largest);
  std::vector<double> terms;
  for (const auto& [value, size] : sizes) terms.push_back(size);
  std::sort(terms.begin(), terms.end());
  for (const double term : terms) sum += std::exp2(term - largest);
  return largest + std::log2(sum);
}

absl::Status SearchSpace::Validate(const Choices& choices) const {
  if (static_cast<int>(choices.size()) != num_decisions()) {
    return absl::InvalidArgumentError(
        absl::StrCat("an architecture of ", choices.size(),
                     " decisions; the space has ", num_decisions()));
  }
  for (int i = 0; i < num_decisions(); ++i) {
    const Form& form = decisions_[i];
    const std::vector<int32_t>& values = choices[i];
    const int expected = IsMade(i, choices) ? form.places : 0;
    if (static_cast<int>(values.size()) != expected) {
      return Bad(name(i), absl::StrCat("must have ", expected, " values, has ",
                                       values.size()));
    }
    for (size_t place = 0; place < values.size(); ++place) {
      if (values[place] < form.first ||
          values[place] - form.first >= form.values) {
        return Bad(name(i),
                   absl::StrCat("value ", values[place], " at place ", place,
                                " is not in [", form.first, ", ",
                                form.first + form.values - 1, "]"));
      }
      if (form.is_set && place > 0 && values[place] <= values[place - 1]) {
        return Bad(name(i), absl::StrCat("a set's members must ascend, but ",
                                         values[place - 1], " precedes ",
                                         values[place]));
      }
    }
  }
  return absl::OkStatus();
}

std::string SearchSpace::Text(const Choices& choices) const {
  std::vector<std::string> parts;
  for (int i = 0; i < num_decisions(); ++i) {
    if (choices[i].empty()) continue;
    const v1::Decision& decision = message_.decisions(i);
    std::string value;
    if (decisions_[i].is_set) {
      value = Runs(choices[i]);
    } else {
      value = absl::StrJoin(
          choices[i], ",", [&](std::string* out, int32_t number) {
            if (decision.has_one_of() && !decision.one_of().names().empty()) {
              out->append(decision.one_of().names(number));
            } else if (decision.has_real()) {
              absl::StrAppend(out, Number(i, number));
            } else {
              absl::StrAppend(out, number);
            }
          });
    }
    parts.push_back(absl::StrCat(decision.name(), "=", value));
  }
  return absl::StrJoin(parts, " ");
}

}  // namespace starling
