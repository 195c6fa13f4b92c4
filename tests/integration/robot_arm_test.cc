// run_policy for 64-bit ARM, emulated: it answers as the one for PCs does.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "deploy/export/golden.h"
#include "deploy/export/quantize.h"
#include "deploy/export/test_models.h"
#include "policies/portable/strlp.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using testing::ProcessResult;

class RobotArmTest : public RunFixture {
 protected:
  ProcessResult Run(const std::string& program) const {
    return testing::RunProcess({"/bin/sh", "-c",
                                absl::StrCat(program, " ", Path("model.strlp"),
                                             " --lockstep < ", Path("input"))});
  }
  // Both programs' answers, as text that tells every float from every other.
  void ExpectTheSame(const v1::ExportedPolicy& model) const {
    ASSERT_TRUE(WriteStrlp(Path("model.strlp"), model).ok());
    std::string input;
    std::vector<Eigen::VectorXf> states = GoldenStates(model, {});
    const int size = static_cast<int>(states[0].size());
    const std::vector<float> more = States(200, size);
    for (int i = 0; i < 200; ++i) {
      states.emplace_back(
          Eigen::Map<const Eigen::VectorXf>(more.data() + i * size, size));
    }
    for (const Eigen::VectorXf& state : states) {
      for (int i = 0; i < size; ++i) {
        char number[40];
        std::snprintf(number, sizeof(number), "%.9g", double{state[i]});
        absl::StrAppend(&input, i > 0 ? "," : "", number);
      }
      input += "\n";
    }
    Write("input", input);
    const ProcessResult here =
        Run(testing::DataPath("deploy/robot/run_policy"));
    ASSERT_EQ(here.status, 0) << here.err;
    const ProcessResult arm =
        Run(absl::StrCat("/usr/bin/qemu-aarch64 ",
                         testing::DataPath("deploy/robot/run_policy_aarch64")));
    ASSERT_EQ(arm.status, 0) << arm.err;
    EXPECT_EQ(arm.out, here.out);
    // As many answers as states and the safe action, and not all the same.
    const std::vector<std::string> lines =
        absl::StrSplit(here.out, '\n', absl::SkipEmpty());
    EXPECT_EQ(lines.size(), states.size() + 1);
    EXPECT_NE(std::adjacent_find(lines.begin(), lines.end(),
                                 std::not_equal_to<std::string>()),
              lines.end());
  }
};

// Bit for bit: every product and sum is rounded on its own on both.
TEST_F(RobotArmTest, AnswersWithTheSameBitsWhateverThePolicy) {
  int tried = 0;
  for (const ExportCase& tested : ExportCases()) {
    if (tested.spec.state_size() == 0) continue;  // nothing to control
    SCOPED_TRACE(tested.policy);
    const v1::ExportedPolicy model = Export(tested.policy, tested.spec);
    ExpectTheSame(model);
    for (const Quantization quantization :
         {Quantization::kFp16, Quantization::kInt8}) {
      SCOPED_TRACE(NameOf(quantization));
      const auto small = Quantize(model, quantization, {});
      ASSERT_TRUE(small.ok()) << small.status();
      ExpectTheSame(*small);
    }
    ++tried;
  }
  EXPECT_GE(tried, 7);
  ExpectTheSame(SharedDense());
}

// The robot needs nothing but Linux.
TEST_F(RobotArmTest, IsOneStaticFile) {
  const std::string program =
      testing::DataPath("deploy/robot/run_policy_aarch64");
  const ProcessResult header =
      testing::RunProcess({"/usr/bin/readelf", "-h", "-l", "-d", program});
  ASSERT_EQ(header.status, 0) << header.err;
  EXPECT_TRUE(absl::StrContains(header.out, "AArch64")) << header.out;
  EXPECT_FALSE(absl::StrContains(header.out, "NEEDED")) << header.out;
  EXPECT_FALSE(absl::StrContains(header.out, "INTERP")) << header.out;
}

}  // namespace
}  // namespace starling
