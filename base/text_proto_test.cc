#include "base/text_proto.h"

#include <string>

#include "gtest/gtest.h"
#include "proto/experiment.pb.h"

namespace starling {
namespace {

std::string ErrorOf(const std::string& text) {
  v1::Experiment experiment;
  const absl::Status status = ParseTextProto(text, "x.textproto", &experiment);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(TextProtoTest, ParsesAnExperiment) {
  v1::Experiment experiment;
  ASSERT_TRUE(ParseTextProto("name: 'a' strategy { ars { sigma: 0.5 } }", "x",
                             &experiment)
                  .ok());
  EXPECT_EQ(experiment.strategy().ars().sigma(), 0.5);
}

TEST(TextProtoTest, AnUnknownFieldNamesPlaceAndNearest) {
  const std::string error =
      ErrorOf("name: 'a'\nstrategy {\n  ars { sigmaa: 0.5 }\n}\n");

  EXPECT_NE(error.find("x.textproto:3:"), std::string::npos) << error;
  EXPECT_NE(error.find("unknown field sigmaa in Ars; did you mean sigma?"),
            std::string::npos)
      << error;
}

TEST(TextProtoTest, AnUnknownEnumValueNamesPlaceAndNearest) {
  const std::string error = ErrorOf("policy { mlp {\n activation: TANG } }");

  EXPECT_NE(error.find("x.textproto:2:"), std::string::npos) << error;
  EXPECT_NE(error.find("did you mean TANH?"), std::string::npos) << error;
}

TEST(TextProtoTest, AWrongTypeNamesThePlace) {
  EXPECT_NE(ErrorOf("name: 'a'\nseed: 'seven'").find("x.textproto:2:"),
            std::string::npos);
  EXPECT_NE(ErrorOf("seed: -1").find("x.textproto:1:"), std::string::npos);
}

TEST(TextProtoTest, HostileTextIsRefusedWithoutHarm) {
  ErrorOf(std::string(100000, '{'));
  ErrorOf("name: \"");
  ErrorOf(std::string("\0\xff\x01", 3));
}

TEST(TextProtoTest, AMissingFileIsNotFound) {
  v1::Experiment experiment;
  EXPECT_EQ(ReadTextProto("/no/such/file", &experiment).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace starling
