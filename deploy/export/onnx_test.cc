#include "deploy/export/onnx.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "deploy/export/onnx_proto.h"
#include "deploy/export/onnx_run.h"
#include "deploy/export/quantize.h"
#include "deploy/export/test_models.h"
#include "gtest/gtest.h"
#include "onnx/checker.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

constexpr int kStates = 100;

onnx::ModelProto Parse(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

// The checker accepts it, and a runtime's answers are those of the policy.
void ExpectTheSame(const v1::ExportedPolicy& model) {
  auto portable = *PortablePolicy::Create(model);
  const int size = portable.state_size();
  const std::vector<float> states = States(kStates, size);
  const auto onnx = WriteOnnx(model, "test", "{}");
  ASSERT_TRUE(onnx.ok()) << onnx.status();
  ASSERT_NO_THROW(onnx::checker::check_model(Parse(*onnx)));
  const auto actions = RunOnnx(*onnx, states, kStates);
  ASSERT_TRUE(actions.ok()) << actions.status();
  Eigen::VectorXf expected(portable.action_size());
  ASSERT_EQ(actions->size(), kStates * expected.size());
  for (int i = 0; i < kStates; ++i) {
    portable.Act(
        Eigen::Map<const Eigen::VectorXf>(states.data() + i * size, size),
        expected);
    for (int k = 0; k < expected.size(); ++k) {
      const float got = (*actions)[i * expected.size() + k];
      ASSERT_NEAR(got, expected[k], 1e-5 * (1 + std::fabs(expected[k])))
          << "state " << i << ", action " << k;
      ASSERT_GE(got, model.head().low(k));
      ASSERT_LE(got, model.head().high(k));
    }
  }
}

TEST(OnnxTest, AnswersAsThePolicyDoes) {
  for (const ExportCase& tried : ExportCases()) {
    SCOPED_TRACE(tried.policy);
    const v1::ExportedPolicy model = Export(tried.policy, tried.spec);
    if (tried.spec.state_size() == 0) {
      const absl::Status status = WriteOnnx(model, "test", "").status();
      EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
      EXPECT_TRUE(absl::StrContains(status.message(), "--format c")) << status;
      continue;
    }
    ExpectTheSame(model);
    for (const Quantization quantization :
         {Quantization::kFp16, Quantization::kInt8}) {
      SCOPED_TRACE(NameOf(quantization));
      const auto quantized = Quantize(model, quantization, {});
      ASSERT_TRUE(quantized.ok()) << quantized.status();
      ExpectTheSame(*quantized);
    }
  }
}

TEST(OnnxTest, WhatHasNoBoundIsNotCut) {
  ExpectTheSame(Export("linear {}", Spec(3, 2, -1, 1), /*clip=*/0));
  // Some actions with bounds beside some without.
  v1::EnvSpec mixed = Spec(4, 3, -1, 2);
  mixed.set_action_high(0, std::numeric_limits<float>::infinity());
  mixed.set_action_low(2, -std::numeric_limits<float>::infinity());
  ExpectTheSame(Export("mlp { hidden: 3 activation: RELU }", mixed));
}

TEST(OnnxTest, TheBatchIsFreeAndBytesStayBytes) {
  const v1::ExportedPolicy model =
      Export("mlp { hidden: 64 hidden: 64 }", Spec(17, 6, -1, 1));
  const auto whole = WriteOnnx(model, "leg", R"({"a": 1})");
  ASSERT_TRUE(whole.ok()) << whole.status();
  const onnx::ModelProto parsed = Parse(*whole);
  for (const auto& port : {parsed.graph().input(0), parsed.graph().output(0)}) {
    EXPECT_EQ(port.type().tensor_type().shape().dim(0).dim_param(), "batch");
  }
  EXPECT_EQ(parsed.metadata_props(0).key(), "policy_contract");
  EXPECT_EQ(parsed.metadata_props(0).value(), R"({"a": 1})");

  const std::vector<float> states = States(10, 17);
  const auto together = RunOnnx(*whole, states, 10);
  const auto alone = RunOnnx(*whole, {states.begin(), states.begin() + 17}, 1);
  ASSERT_TRUE(together.ok() && alone.ok());
  for (int k = 0; k < 6; ++k) EXPECT_NEAR((*together)[k], (*alone)[k], 1e-6);

  const auto int8 =
      WriteOnnx(*Quantize(model, Quantization::kInt8, {}), "leg", "{}");
  ASSERT_TRUE(int8.ok());
  EXPECT_LT(int8->size(), whole->size() * 0.4);
  int dequantized = 0;
  const onnx::ModelProto bytes = Parse(*int8);
  for (const auto& node : bytes.graph().node()) {
    dequantized += node.op_type() == "DequantizeLinear" ? 1 : 0;
  }
  EXPECT_EQ(dequantized, 3);
}

}  // namespace
}  // namespace starling
