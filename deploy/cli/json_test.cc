#include "deploy/cli/json.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace starling {
namespace {

TEST(JsonTest, MembersKeepTheirOrderAndTypes) {
  JsonObject inner;
  inner.Set("deep", true);

  JsonObject object;
  object.Set("z", 1).Set("a", "text").Set("inner", inner);
  object.Set("list", std::vector<double>{1, 2.5});
  object.Set("rows", std::vector<JsonObject>{inner, inner});
  object.Set("big", uint64_t{18446744073709551615u});

  EXPECT_EQ(object.text(),
            R"({"z":1,"a":"text","inner":{"deep":true},"list":[1,2.5],)"
            R"("rows":[{"deep":true},{"deep":true}],)"
            R"("big":18446744073709551615})");
}

TEST(JsonTest, NumbersRoundTripAndNonFiniteOnesAreNull) {
  for (double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0}) {
    EXPECT_EQ(std::strtod(JsonNumber(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonTest, HostileTextIsEscaped) {
  EXPECT_EQ(JsonString("a\"b\\c\nd\te"), R"("a\"b\\c\nd\te")");
  EXPECT_EQ(JsonString(absl::string_view("\0\x1b", 2)), R"("\u0000\u001b")");
  EXPECT_EQ(JsonString("h\xC3\xA9 \xE2\x82\xAC"), "\"h\xC3\xA9 \xE2\x82\xAC\"");
}

TEST(JsonTest, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(JsonString("a\xFF"), "\"a\xEF\xBF\xBD\"");
  // Overlong slash, surrogate, truncated sequence.
  EXPECT_EQ(JsonString("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(JsonString("\xED\xA0\x80").find("\xED"), std::string::npos);
  EXPECT_EQ(JsonString("\xE2\x82").find("\xE2"), std::string::npos);
}

}  // namespace
}  // namespace starling
