#include "policies/portable/portable_policy.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/rng.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

// Two observations; a sparse hidden layer of two rows, a dense one of one.
constexpr char kModel[] = R"(
  format_version: 1
  contract {
    observations { name: "angle" } observations { name: "speed" }
    actions { name: "torque" low: -2 high: 2 }
  }
  layers {
    rows: 2 operation: IDENTITY
    sparse { row_lengths: 2 row_lengths: 1 values: 0 values: 1 values: 1 }
    weights { float32 { values: 0.5 values: -1 values: 2 } }
    offsets: 0.25 offsets: 0
  }
  layers {
    rows: 1 operation: IDENTITY
    dense { first_value: 2 num_values: 2 }
    weights { float32 { values: 1 values: -0.5 } }
  }
  head { kind: CLIP low: -2 high: 2 }
)";

v1::ExportedPolicy Model(const std::string& text = kModel) {
  v1::ExportedPolicy model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model));
  return model;
}

float ActionOf(const v1::ExportedPolicy& model, float angle, float speed) {
  auto policy = PortablePolicy::Create(model);
  EXPECT_TRUE(policy.ok()) << policy.status();
  Eigen::VectorXf action(1);
  policy->Act(Eigen::Vector2f(angle, speed), action);
  return action[0];
}

std::string Refusal(const v1::ExportedPolicy& model) {
  const auto policy = PortablePolicy::Create(model);
  EXPECT_FALSE(policy.ok());
  return std::string(policy.status().message());
}

TEST(PortablePolicyTest, LayersReadWhatCameBefore) {
  // h = 0.25 + 0.5 - 2 = -1.25, 2 * 2 = 4; action = -1.25 - 2, cut.
  EXPECT_EQ(ActionOf(Model(), 1, 2), -2);
  EXPECT_EQ(ActionOf(Model(), 1, 0.5f), 0.25f + 0.5f - 0.5f - 0.5f);
  EXPECT_TRUE(std::isnan(ActionOf(Model(), std::nanf(""), 0)));
}

TEST(PortablePolicyTest, StatesAreWhitenedFirst) {
  v1::ExportedPolicy model = Model();
  for (const float mean : {1.0f, 2.0f})
    model.mutable_whitening()->add_mean(mean);
  for (const float scale : {0.5f, 4.0f}) {
    model.mutable_whitening()->add_scale(scale);
  }
  model.mutable_whitening()->set_clip(3);
  // (3 - 1) / 2 = 1; (1 - 2) 4 is cut at -3.
  EXPECT_EQ(ActionOf(model, 3, 1), ActionOf(Model(), 1, -3));
}

TEST(PortablePolicyTest, AnEmptyWhiteningIsNone) {
  v1::ExportedPolicy model = Model();
  model.mutable_whitening();
  EXPECT_EQ(ActionOf(model, 1, 0.5f), ActionOf(Model(), 1, 0.5f));
}

TEST(PortablePolicyTest, BytesAreScaledByTheRow) {
  v1::ExportedPolicy model = Model();
  v1::Int8Weights* first =
      model.mutable_layers(0)->mutable_weights()->mutable_int8();
  first->set_values(std::string({'\x01', '\xfe', '\x04'}));
  first->add_scales(0.5f);
  first->add_scales(0.5f);
  v1::Int8Weights* second =
      model.mutable_layers(1)->mutable_weights()->mutable_int8();
  second->set_values(std::string({'\x02', '\xff'}));
  second->add_scales(0.5f);
  EXPECT_EQ(ActionOf(model, 1, 0.5f), ActionOf(Model(), 1, 0.5f));
  EXPECT_EQ(ActionOf(model, 0.25f, 0.75f), ActionOf(Model(), 0.25f, 0.75f));
}

TEST(PortablePolicyTest, HalvesAndTablesStandForFloats) {
  v1::ExportedPolicy model = Model();
  std::string halves;
  for (const float weight : {0.5f, -1.0f, 2.0f}) {
    const uint16_t half = FloatToHalf(weight);
    halves += static_cast<char>(half & 0xff);
    halves += static_cast<char>(half >> 8);
  }
  model.mutable_layers(0)->mutable_weights()->mutable_float16()->set_values(
      halves);
  v1::SharedWeights* shared =
      model.mutable_layers(1)->mutable_weights()->mutable_shared();
  for (const float weight : {7.0f, -0.5f, 1.0f}) shared->add_table(weight);
  // 2, then 1: 10 and 01 from the lowest bit on.
  shared->set_bits(2);
  shared->set_indices(std::string(1, '\x06'));
  EXPECT_EQ(ActionOf(model, 1, 0.5f), ActionOf(Model(), 1, 0.5f));
}

TEST(PortablePolicyTest, ActingAllocatesNothing) {
  auto policy = *PortablePolicy::Create(Model());
  const Eigen::Vector2f state(1, 2);
  Eigen::VectorXf action(1);
  const AllocationGuard guard;
  policy.Reset();
  policy.Act(state, action);
  EXPECT_EQ(guard.count(), 0);
}

TEST(PortablePolicyTest, WhatMakesNoSenseIsRefusedAndNamed) {
  const auto changed = [](auto change) {
    v1::ExportedPolicy model = Model();
    change(model);
    return Refusal(model);
  };
  const struct {
    std::string message;
    const char* says;
  } kCases[] = {
      {changed([](auto& m) { m.set_format_version(2); }), "format 2 is newer"},
      {changed([](auto& m) { m.clear_format_version(); }), "no format version"},
      {changed([](auto& m) { m.mutable_layers()->RemoveLast(); }),
       "the last layer must have the 1 rows"},
      {changed([](auto& m) {
         m.mutable_layers(0)->mutable_sparse()->set_values(0, 2);
       }),
       "reads value 2 of 2"},
      {changed([](auto& m) {
         m.mutable_layers(1)->mutable_dense()->set_num_values(3);
       }),
       "values 2 to 5 of 4"},
      {changed([](auto& m) {
         m.mutable_layers(1)->mutable_dense()->set_first_value(4294967295u);
       }),
       "of 4"},
      {changed([](auto& m) {
         m.mutable_layers(0)->mutable_sparse()->set_row_lengths(0, 4000000000u);
       }),
       "read 3 values"},
      {changed([](auto& m) { m.mutable_layers(0)->set_rows(4000000000u); }),
       "4000000000 rows"},
      {changed([](auto& m) {
         m.mutable_layers(0)->mutable_weights()->mutable_float32()->set_values(
             0, std::numeric_limits<float>::infinity());
       }),
       "not finite"},
      {changed([](auto& m) {
         m.mutable_layers(1)->mutable_weights()->mutable_float32()->add_values(
             1);
       }),
       "3 weights for 2 products"},
      {changed([](auto& m) { m.mutable_layers(0)->add_offsets(1); }),
       "2 rows has 3 offsets"},
      {changed([](auto& m) {
         m.mutable_contract()->mutable_actions(0)->set_high(1);
       }),
       "by the contract and in"},
      {changed([](auto& m) { m.mutable_whitening()->add_mean(1); }),
       "whitening of 1 coordinates"},
      {changed([](auto& m) { m.mutable_contract()->set_num_choices(3); }),
       "head.kind is CLIP"},
      {changed([](auto& m) {
         m.mutable_layers(0)->set_operation(
             static_cast<v1::NetworkLayer::Operation>(99));
       }),
       "operation 99"},
  };
  for (const auto& tried : kCases) {
    EXPECT_NE(tried.message.find(tried.says), std::string::npos)
        << tried.message << " does not say " << tried.says;
  }
}

TEST(HalfTest, EveryHalfComesBack) {
  for (int half = 0; half < 65536; ++half) {
    const float value = HalfToFloat(static_cast<uint16_t>(half));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
    } else {
      ASSERT_EQ(FloatToHalf(value), half) << value;
    }
  }
}

TEST(HalfTest, RoundsToTheNearestEven) {
  EXPECT_EQ(HalfToFloat(FloatToHalf(1 + 0x1p-11f)), 1);
  EXPECT_EQ(HalfToFloat(FloatToHalf(1 + 0x1.8p-10f)), 1 + 0x1p-9f);
  EXPECT_EQ(HalfToFloat(FloatToHalf(0x1p-25f)), 0);
  EXPECT_EQ(HalfToFloat(FloatToHalf(0x1.8p-25f)), 0x1p-24f);
  EXPECT_EQ(FloatToHalf(65519), 0x7bff);
  EXPECT_EQ(FloatToHalf(-65520), 0xfc00);
  Rng rng(1);
  for (int i = 0; i < 10000; ++i) {
    const auto value = static_cast<float>(rng.Normal());
    EXPECT_NEAR(HalfToFloat(FloatToHalf(value)), value,
                std::fabs(value) * 0x1p-11f + 0x1p-25f);
  }
}

}  // namespace
}  // namespace starling
