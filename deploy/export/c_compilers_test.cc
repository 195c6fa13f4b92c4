// Exported C under other compilers, and on a microcontroller.
#include <cstring>
#include <string>
#include <vector>

#include "deploy/export/c_source.h"
#include "deploy/export/quantize.h"
#include "deploy/export/test_models.h"
#include "gtest/gtest.h"
#include "policies/portable/portable_policy.h"
#include "tests/testing/board/board.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

constexpr char kName[] = "robot";

struct Tried {
  std::string what;
  v1::ExportedPolicy model;
};

std::vector<Tried> EveryModel() {
  std::vector<Tried> models;
  for (const ExportCase& tried : ExportCases()) {
    const v1::ExportedPolicy model = Export(tried.policy, tried.spec);
    for (const Quantization quantization :
         {Quantization::kNone, Quantization::kFp16, Quantization::kInt8}) {
      models.push_back({absl::StrCat(tried.policy, ", ", NameOf(quantization)),
                        *Quantize(model, quantization, {})});
    }
  }
  models.push_back({"a dense table", SharedDense()});
  return models;
}

TEST(CCompilersTest, TheHeaderStatesTheMemoryOfAMicrocontroller) {
  for (const Tried& tried : EveryModel()) {
    SCOPED_TRACE(tried.what);
    const std::string folder = testing::NewFolder();
    const auto code = WriteC(tried.model, kName);
    ASSERT_TRUE(code.ok()) << code.status();
    testing::WriteSource(*code, kName, folder);
    for (const auto& on : {testing::CortexM4(), testing::CortexM7()}) {
      for (const char* const optimisation : {"-Os", "-O2"}) {
        SCOPED_TRACE(absl::StrCat(on.name, ", ", optimisation));
        const testing::CompiledSize size =
            testing::Compile(on, kName, folder, optimisation);
        EXPECT_LE(size.flash_bytes, code->flash_bytes);
        EXPECT_GE(2 * size.flash_bytes + 512, code->flash_bytes);
        EXPECT_LE(size.stack_bytes, code->stack_bytes);
        EXPECT_EQ(size.ram_bytes, 0);
      }
    }
  }
}

TEST(CCompilersTest, ClangAcceptsIt) {
  for (const Tried& tried : EveryModel()) {
    SCOPED_TRACE(tried.what);
    const std::string folder = testing::NewFolder();
    testing::WriteSource(*WriteC(tried.model, kName), kName, folder);
    const auto result =
        testing::RunProcess({"/usr/bin/clang", "-std=c99", "-Wall", "-Wextra",
                             "-Wpedantic", "-Werror", "-c", "robot.c"},
                            folder);
    EXPECT_EQ(result.status, 0) << result.err;
  }
}

TEST(CCompilersTest, AMicrocontrollerAnswersWithTheBitsOfThePolicy) {
  constexpr int kStates = 100;
  for (const Tried& tried : EveryModel()) {
    SCOPED_TRACE(tried.what);
    auto policy = *PortablePolicy::Create(tried.model);
    const int size = policy.state_size();
    if (size == 0) continue;
    const std::string folder = testing::NewFolder();
    const auto code = WriteC(tried.model, kName);
    testing::WriteSource(*code, kName, folder);
    testing::Conversation board(testing::BoardCommand(
        testing::CortexM4(), kName, folder, size, policy.action_size()));
    const std::vector<float> states = States(kStates, size);
    Eigen::VectorXf expected(policy.action_size()), got(policy.action_size());
    for (int i = 0; i < kStates; ++i) {
      policy.Act(
          Eigen::Map<const Eigen::VectorXf>(states.data() + i * size, size),
          expected);
      ASSERT_TRUE(board.Write(states.data() + i * size, 4 * size));
      ASSERT_TRUE(board.Read(got.data(), 4 * got.size()));
      ASSERT_EQ(std::memcmp(got.data(), expected.data(), 4 * got.size()), 0)
          << "state " << i << ": " << got.transpose() << " for "
          << expected.transpose();
    }
    ASSERT_EQ(board.Close(), 0);
    const testing::Measures measures = testing::ReadMeasures(folder);
    EXPECT_GT(measures.instructions, 0);
    EXPECT_LE(measures.stack_bytes, code->stack_bytes);
  }
}

}  // namespace
}  // namespace starling
