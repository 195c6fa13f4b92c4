#include "base/search_space.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/text_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

v1::SearchSpace Message(const std::string& text) {
  v1::SearchSpace message;
  const absl::Status status = ParseTextProto(text, "a test", &message);
  EXPECT_TRUE(status.ok()) << status;
  return message;
}

SearchSpace Space(const std::string& text) {
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(Message(text));
  EXPECT_TRUE(space.ok()) << space.status();
  return *std::move(space);
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<SearchSpace> space = SearchSpace::Create(Message(text));
  EXPECT_EQ(space.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(space.status().message());
}

// Any element of a space.
Choices Draw(const SearchSpace& space, Rng* rng) {
  Choices choices(space.num_decisions());
  for (int i = 0; i < space.num_decisions(); ++i) {
    if (!space.IsMade(i, choices)) continue;
    std::set<int32_t> members;
    while (static_cast<int>(choices[i].size()) < space.num_places(i)) {
      const auto value =
          space.first_value(i) +
          static_cast<int32_t>(
              rng->Below(static_cast<uint32_t>(space.num_values(i))));
      if (space.is_set(i) && !members.insert(value).second) continue;
      choices[i].push_back(value);
    }
    if (space.is_set(i)) std::sort(choices[i].begin(), choices[i].end());
  }
  return choices;
}

// A space of 1 to 6 decisions of any kind.
SearchSpace DrawSpace(Rng* rng) {
  v1::SearchSpace message;
  const uint32_t n = 1 + rng->Below(6);
  for (uint32_t i = 0; i < n; ++i) {
    v1::Decision& decision = *message.add_decisions();
    decision.set_name("d" + std::to_string(i));
    switch (rng->Below(5)) {
      case 0:
        decision.mutable_one_of()->set_num_candidates(2 + rng->Below(40));
        decision.mutable_one_of()->set_count(1 + rng->Below(20));
        break;
      case 1: {
        const uint32_t candidates =
            rng->Below(4) == 0 ? 4097 + rng->Below(9000) : 1 + rng->Below(300);
        decision.mutable_many_of()->set_num_candidates(candidates);
        decision.mutable_many_of()->set_k(
            1 + rng->Below(std::min(candidates, 50u)));
        break;
      }
      case 2:
        decision.mutable_integer()->set_min(-static_cast<int>(rng->Below(9)));
        decision.mutable_integer()->set_max(1 + static_cast<int>(rng->Below(9)));
        break;
      case 3:
        decision.mutable_real()->set_min(0.5);
        decision.mutable_real()->set_max(2);
        decision.mutable_real()->set_log(rng->Below(2) == 0);
        break;
      default:
        decision.mutable_boolean()->set_count(1 + rng->Below(30));
    }
    const v1::Decision& before = message.decisions(0);
    if (i > 0 && before.has_integer() && rng->Below(2) == 0) {
      v1::Condition& condition = *decision.mutable_only_if();
      condition.set_decision(before.name());
      condition.add_values(before.integer().min());
      condition.add_values(0);
    }
  }
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(message);
  EXPECT_TRUE(space.ok()) << space.status();
  return *std::move(space);
}

// Small, of every kind, nested twice.
constexpr char kNested[] = R"(
  decisions { name: "depth" integer { min: 1 max: 3 } }
  decisions { name: "act" one_of { num_candidates: 2 names: "tanh"
                                   names: "relu" } }
  decisions { name: "second" boolean {}
              only_if { decision: "depth" values: [2, 3] } }
  decisions { name: "edges" many_of { k: 2 num_candidates: 4 }
              only_if { decision: "second" values: 1 } }
)";

// All elements of a small space, by counting through all values.
int Count(const SearchSpace& space, Choices* choices, int decision) {
  if (decision == space.num_decisions()) {
    EXPECT_TRUE(space.Validate(*choices).ok());
    return 1;
  }
  if (!space.IsMade(decision, *choices)) {
    return Count(space, choices, decision + 1);
  }
  const int places = space.num_places(decision);
  const int values = space.num_values(decision);
  int sum = 0;
  for (int code = 0; code < std::pow(values, places); ++code) {
    std::vector<int32_t>& chosen = (*choices)[decision];
    chosen.clear();
    for (int place = 0, rest = code; place < places; ++place, rest /= values) {
      chosen.push_back(space.first_value(decision) + rest % values);
    }
    const bool ascends = std::adjacent_find(chosen.begin(), chosen.end(),
                                            std::greater_equal<>()) ==
                         chosen.end();
    if (!space.is_set(decision) || ascends) {
      sum += Count(space, choices, decision + 1);
    }
  }
  (*choices)[decision].clear();
  return sum;
}

TEST(SearchSpaceTest, SizeIsTheNumberOfItsElements) {
  const SearchSpace space = Space(kNested);
  Choices choices(space.num_decisions());

  // 2 activations; depth 1, or depth 2 and 3 with "second" no, or yes with
  // 4 over 2 sets: 2 (1 + 2 (1 + 6)).
  EXPECT_EQ(Count(space, &choices, 0), 30);
  EXPECT_NEAR(space.Log2Size(), std::log2(30), 1e-12);
  EXPECT_EQ(SearchSpace().Log2Size(), 0);
}

TEST(SearchSpaceTest, EveryElementComesBackFromItsBytes) {
  Rng rng(1);
  for (int i = 0; i < 10'000; ++i) {
    const SearchSpace space = DrawSpace(&rng);
    const Choices choices = Draw(space, &rng);
    const v1::Architecture architecture = space.Encode(choices);

    const absl::StatusOr<Choices> back = space.Decode(architecture);

    ASSERT_TRUE(back.ok()) << back.status() << space.message().DebugString();
    ASSERT_EQ(*back, choices) << space.message().DebugString();
  }
}

TEST(SearchSpaceTest, OnlyCanonicalBytesAreTaken) {
  Rng rng(2);
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    const SearchSpace space = DrawSpace(&rng);
    v1::Architecture architecture = space.Encode(Draw(space, &rng));
    std::string& bytes = *architecture.mutable_encoding();
    switch (rng.Below(3)) {
      case 0:
        bytes[rng.Below(bytes.size())] ^=
            static_cast<char>(1 + rng.Below(255));
        break;
      case 1:
        bytes.resize(rng.Below(bytes.size()));
        break;
      default:
        bytes.push_back(static_cast<char>(rng.Below(256)));
    }

    const absl::StatusOr<Choices> choices = space.Decode(architecture);

    if (!choices.ok()) {
      ASSERT_EQ(choices.status().code(), absl::StatusCode::kInvalidArgument);
      continue;
    }
    ++taken;  // another element
    ASSERT_EQ(space.Encode(*choices).encoding(), bytes);
  }
  EXPECT_GT(taken, 100);
  EXPECT_LT(taken, 5'000);
}

TEST(SearchSpaceTest, PrunedEdgesOfAHalfCheetahFitInto96Bytes) {
  const SearchSpace space = Space(
      R"(decisions { name: "edges" many_of { k: 64 num_candidates: 736 } })");
  Rng rng(3);

  EXPECT_LE(space.Encode(Draw(space, &rng)).ByteSizeLong(), 110u);
  EXPECT_LE(space.Encode(Draw(space, &rng)).encoding().size(), 96u);
  EXPECT_NEAR(space.Log2Size(), 309.5, 0.5);
}

TEST(SearchSpaceTest, ElementsOfOtherSpacesAreRefused) {
  const SearchSpace one = Space(kNested);
  const SearchSpace other = Space(
      R"(decisions { name: "depth" integer { min: 1 max: 4 } })");
  Rng rng(4);

  const absl::Status status =
      other.Decode(one.Encode(Draw(one, &rng))).status();

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("of the search space"));
  EXPECT_EQ(Space(kNested).fingerprint(), one.fingerprint());
}

TEST(SearchSpaceTest, TextIsForPeople) {
  const SearchSpace space = Space(kNested);

  EXPECT_EQ(space.Text({{3}, {1}, {1}, {0, 2}}),
            "depth=3 act=relu second=1 edges=0,2");
  EXPECT_EQ(space.Text({{1}, {0}, {}, {}}), "depth=1 act=tanh");
  const SearchSpace runs = Space(
      R"(decisions { name: "e" many_of { k: 6 num_candidates: 20 } })");
  EXPECT_EQ(runs.Text({{0, 1, 2, 7, 9, 10}}), "e=0-2,7,9,10");
}

TEST(SearchSpaceTest, NumbersSpreadEvenlyOnTheirScale) {
  const SearchSpace space = Space(R"(
    decisions { name: "a" real { min: -1 max: 1 } }
    decisions { name: "b" real { min: 0.01 max: 100 log: true } })");
  const int last = SearchSpace::kFloatSteps - 1;

  EXPECT_EQ(space.Number(0, 0), -1);
  EXPECT_EQ(space.Number(0, last), 1);
  EXPECT_EQ(space.Number(1, 0), 0.01);
  EXPECT_EQ(space.Number(1, last), 100);
  EXPECT_NEAR(space.Number(1, last / 2), 1, 1e-3);
}

TEST(SearchSpaceTest, ErrorsNameTheDecision) {
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e"
                         many_of { k: 5 num_candidates: 4 } })"),
              HasSubstr("\"e\": k must be in [1, 4]"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e"
                         many_of { k: 0 num_candidates: 4 } })"),
              HasSubstr("got 0"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e" one_of {} })"),
              HasSubstr("candidates, got 0"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e"
                         one_of { num_candidates: 1 } })"),
              HasSubstr("nothing is left to choose"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e" })"),
              HasSubstr("says not what"));
  EXPECT_THAT(ErrorOf(R"(decisions { boolean {} })"), HasSubstr("no name"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e" boolean {} }
                         decisions { name: "e" boolean {} })"),
              HasSubstr("the name is taken"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e"
                         integer { min: 3 max: 3 } })"),
              HasSubstr("[3, 3]"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e"
                         real { min: 0 max: 3 log: true } })"),
              HasSubstr("logarithmic"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e" real { min: 0 max: nan } })"),
              HasSubstr("both finite"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "e"
                         one_of { num_candidates: 3 names: "x" } })"),
              HasSubstr("3 candidates, but 1 names"));
}

TEST(SearchSpaceTest, ConditionsLookBack) {
  EXPECT_THAT(ErrorOf(R"(decisions { name: "a" boolean {}
                           only_if { decision: "b" values: 1 } }
                         decisions { name: "b" boolean {}
                           only_if { decision: "a" values: 1 } })"),
              HasSubstr("in a circle"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "a" boolean { count: 2 } }
                         decisions { name: "b" boolean {}
                           only_if { decision: "a" values: 1 } })"),
              HasSubstr("several places"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "a" boolean {} }
                         decisions { name: "b" boolean {}
                           only_if { decision: "a" values: 2 } })"),
              HasSubstr("has 0 to 1"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "a" boolean {} }
                         decisions { name: "b" boolean {}
                           only_if { decision: "a" } })"),
              HasSubstr("names no value"));
}

TEST(SearchSpaceTest, ThereIsALimit) {
  EXPECT_THAT(ErrorOf(R"(decisions { name: "a" boolean { count: 600000 } }
                         decisions { name: "b" boolean { count: 400001 } })"),
              HasSubstr("\"b\": with it the space has more than 1000000"));
  EXPECT_THAT(ErrorOf(R"(decisions { name: "a"
                           boolean { count: 4000000000 } })"),
              HasSubstr("must have 1 to 1000000 places, got 4000000000"));
}

TEST(SearchSpaceTest, ChoicesMustFit) {
  const SearchSpace space = Space(kNested);
  const auto error = [&](const Choices& choices) {
    return std::string(space.Validate(choices).message());
  };

  EXPECT_EQ(error({{3}, {1}, {1}, {0, 2}}), "");
  EXPECT_THAT(error({{3}}), HasSubstr("of 1 decisions; the space has 4"));
  EXPECT_THAT(error({{4}, {1}, {}, {}}), HasSubstr("\"depth\": value 4"));
  EXPECT_THAT(error({{1}, {1}, {1}, {}}), HasSubstr("must have 0 values"));
  EXPECT_THAT(error({{3}, {1}, {1}, {2, 2}}), HasSubstr("must ascend"));
  EXPECT_THAT(error({{3}, {1}, {1}, {2}}), HasSubstr("must have 2 values"));
}

}  // namespace
}  // namespace starling
