#include "deploy/export/c_source.h"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "deploy/export/compiled_c.h"
#include "deploy/export/quantize.h"
#include "deploy/export/test_models.h"
#include "gtest/gtest.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

constexpr int kStates = 100;

void ExpectTheSameBits(const v1::ExportedPolicy& model) {
  auto portable = *PortablePolicy::Create(model);
  const int size = portable.state_size();
  std::vector<float> states = States(kStates, size);
  // NaN must come out as NaN.
  if (size > 0) states.back() = std::numeric_limits<float>::quiet_NaN();
  const auto code = WriteC(model, "c_test");
  ASSERT_TRUE(code.ok()) << code.status();
  const auto actions =
      RunC(*code, "c_test", states, kStates, portable.action_size());
  ASSERT_TRUE(actions.ok()) << actions.status() << "\n" << code->source;
  Eigen::VectorXf expected(portable.action_size());
  for (int i = 0; i < kStates; ++i) {
    portable.Act(
        Eigen::Map<const Eigen::VectorXf>(states.data() + i * size, size),
        expected);
    for (int k = 0; k < expected.size(); ++k) {
      const float got = (*actions)[i * expected.size() + k];
      ASSERT_TRUE(got == expected[k] ||
                  (std::isnan(got) && std::isnan(expected[k])))
          << "state " << i << ", action " << k << ": " << got << " for "
          << expected[k];
    }
  }
}

TEST(CSourceTest, AnswersWithTheBitsOfThePolicy) {
  for (const ExportCase& tried : ExportCases()) {
    SCOPED_TRACE(tried.policy);
    const v1::ExportedPolicy model = Export(tried.policy, tried.spec);
    ExpectTheSameBits(model);
    for (const Quantization quantization :
         {Quantization::kFp16, Quantization::kInt8}) {
      SCOPED_TRACE(NameOf(quantization));
      const auto quantized = Quantize(model, quantization, {});
      ASSERT_TRUE(quantized.ok()) << quantized.status();
      ExpectTheSameBits(*quantized);
    }
  }
  ExpectTheSameBits(Export("linear {}", Spec(3, 2, -1, 1), /*clip=*/0));
  ExpectTheSameBits(SharedDense());
}

TEST(CSourceTest, TheHeaderSaysWhatGoesInAndOut) {
  v1::ExportedPolicy model = Export("linear {}", Spec(2, 1, -2, 2));
  model.mutable_contract()->mutable_observations(1)->set_name("hip_speed");
  model.mutable_contract()->mutable_observations(1)->set_unit("rad/s");
  const auto code = WriteC(model, "leg");
  ASSERT_TRUE(code.ok()) << code.status();
  for (const char* const part :
       {"[1] hip_speed, rad/s", "action_0, in [-2, 2]", "every 0.05 s",
        "#define LEG_STATE_SIZE 2", "#define LEG_ACTION_SIZE 1",
        "void leg_act(const float *state, float *action);"}) {
    EXPECT_TRUE(absl::StrContains(code->header, part)) << code->header;
  }
  // Nobody's name ends the comment.
  model.mutable_contract()->mutable_observations(0)->set_name("*/ int x;\n/*");
  model.mutable_provenance()->set_experiment("a */ b");
  const auto hostile = WriteC(model, "leg");
  ASSERT_TRUE(hostile.ok());
  EXPECT_TRUE(RunC(*hostile, "leg", {1, 2}, 1, 1).ok());
  EXPECT_FALSE(absl::StrContains(hostile->header, "*/ int")) << hostile->header;
  // Mean, scale, weights, bounds.
  EXPECT_EQ(code->data_bytes, 4 * (2 + 2 + 2 + 2));
}

TEST(CSourceTest, IdentifiersAreMadeOfAnything) {
  EXPECT_EQ(CIdentifier("half_cheetah-s1.x"), "half_cheetah_s1_x");
  EXPECT_EQ(CIdentifier("2legs"), "policy_2legs");
}

}  // namespace
}  // namespace starling
