#include "policies/portable/strlp.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "base/file.h"
#include "base/rng.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::ExportedPolicy Model() {
  v1::ExportedPolicy model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
      format_version: 1
      contract { observations { name: "angle" }
                 actions { name: "torque" low: -1 high: 1 } }
      layers { rows: 1 operation: TANH dense { num_values: 1 }
               weights { float32 { values: 0.5 } } offsets: 0.25 }
      head { low: -1 high: 1 })",
                                                            &model));
  return model;
}

std::string Path(const std::string& name) {
  return ::testing::TempDir() + "/" + name;
}

TEST(StrlpTest, ComesBackAsItWas) {
  const std::string path = Path("good.strlp");
  ASSERT_TRUE(WriteStrlp(path, Model()).ok());
  const auto read = ReadStrlp(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), Model().SerializeAsString());
}

TEST(StrlpTest, DamageIsFoundWhereverItIs) {
  const std::string path = Path("damaged.strlp");
  ASSERT_TRUE(WriteStrlp(path, Model()).ok());
  const std::string good = *ReadFile(path);
  Rng rng(1);
  for (int trial = 0; trial < 100000; ++trial) {
    std::string bad = good;
    const uint32_t at = rng.Below(static_cast<uint32_t>(bad.size()));
    if (trial % 2 == 0) {
      bad[at] ^= static_cast<char>(1 << rng.Below(8));
    } else {
      bad.resize(at);
    }
    // A new file: some file systems wait for the disk where one is overwritten.
    std::remove(path.c_str());
    std::ofstream(path, std::ios::binary) << bad;
    const absl::Status status = ReadStrlp(path).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    ASSERT_TRUE(absl::StrContains(status.message(), path)) << status;
  }
}

TEST(StrlpTest, WhatIsTooLargeIsNotRead) {
  const std::string path = Path("large.strlp");
  std::ofstream(path) << "x";
  std::filesystem::resize_file(path, kMaxStrlpBytes + 1);
  const absl::Status status = ReadStrlp(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "at most 268435456"))
      << status;
}

TEST(StrlpTest, WhatMakesNoSenseIsRefusedThoughItIsWhole) {
  const std::string path = Path("foreign.strlp");
  v1::ExportedPolicy model = Model();
  model.set_format_version(2);
  ASSERT_TRUE(WriteStrlp(path, model).ok());
  EXPECT_EQ(ReadStrlp(path).status().code(),
            absl::StatusCode::kFailedPrecondition);
  model = Model();
  model.mutable_layers(0)->set_rows(3);
  ASSERT_TRUE(WriteStrlp(path, model).ok());
  EXPECT_EQ(ReadStrlp(path).status().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(WriteFileWithDigest(path, "no message at all").ok());
  EXPECT_EQ(ReadStrlp(path).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadStrlp(Path("absent.strlp")).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace starling
