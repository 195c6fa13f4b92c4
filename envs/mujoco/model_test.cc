#include "envs/mujoco/model.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "envs/mujoco/embedded_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

std::string WriteTestFile(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(MujocoModelTest, EveryEmbeddedModelLoadsAndSteps) {
  ASSERT_GE(EmbeddedModels().size(), 11u);
  for (const EmbeddedModel& file : EmbeddedModels()) {
    SCOPED_TRACE(std::string(file.name));
    auto model = MujocoModel::Load(std::string(file.name));
    ASSERT_TRUE(model.ok()) << model.status();
    auto data = (*model)->MakeData();
    ASSERT_TRUE(data.ok()) << data.status();

    mj_step((*model)->get(), data->get());

    EXPECT_GT((*data)->time, 0);
    EXPECT_EQ((*model)->sha256(), Sha256(file.bytes));
  }
}

TEST(MujocoModelTest, EmbeddedFilesAreTheOfficialOnesByteForByte) {
  auto model = MujocoModel::Load("half_cheetah.xml");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(Hex((*model)->sha256()),
            "11797a5d69e8ac955e89ca6fdd3a0087f1c990094fda401ac51420de1b6c5494");
}

TEST(MujocoModelTest, OneCompiledModelServesManyThreads) {
  std::vector<std::shared_ptr<const MujocoModel>> models(8);
  std::vector<std::thread> threads;
  for (auto& model : models) {
    threads.emplace_back([&model] { model = *MujocoModel::Load("ant.xml"); });
  }
  for (std::thread& thread : threads) thread.join();

  for (const auto& model : models) EXPECT_EQ(model, models[0]);
}

TEST(MujocoModelTest, AFileOnDiskIsLoadedByItsPath) {
  const std::string xml =
      "<mujoco><worldbody><body><freejoint/><geom size='1'/></body>"
      "</worldbody></mujoco>";
  const std::string path = WriteTestFile("ball.xml", xml);

  auto model = MujocoModel::Load(path);

  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->get()->nq, 7);
  EXPECT_EQ((*model)->sha256(), Sha256(xml));
}

TEST(MujocoModelTest, AMisspeltNameIsNotFoundAndSuggestsTheNearest) {
  const auto model = MujocoModel::Load("half_cheeta.xml");
  EXPECT_EQ(model.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(model.status().message()),
              HasSubstr("did you mean half_cheetah.xml"));
}

TEST(MujocoModelTest, ARefusedFileNamesItselfAndTheReason) {
  const std::string path =
      WriteTestFile("refused.xml", "<mujoco><nonsense/></mujoco>");
  const auto model = MujocoModel::Load(path);
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(model.status().message()), HasSubstr(path));
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("nonsense"));
}

TEST(GuardEngineTest, AnEngineErrorBecomesAStatusAgainAndAgain) {
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = GuardEngine([] { mju_error("boom %d", 7); });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("boom 7"));
  }
  EXPECT_TRUE(GuardEngine([] {}).ok());
}

TEST(GuardEngineTest, AnInnerGuardLeavesTheOuterOneInForce) {
  const absl::Status status = GuardEngine([] {
    (void)GuardEngine([] { mju_error("inner"); });
    mju_error("outer");
  });
  EXPECT_THAT(std::string(status.message()), HasSubstr("outer"));
}

TEST(GuardEngineDeathTest, OutsideOfAGuardAnErrorEndsTheProcessWithItsMessage) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        (void)MujocoModel::Load("ant.xml");
        mju_error("unguarded");
      },
      "MuJoCo: unguarded");
}

TEST(MujocoModelTest, DivergenceRaisesACounterAndWritesNoFile) {
  auto model = MujocoModel::Load("half_cheetah.xml");
  ASSERT_TRUE(model.ok()) << model.status();
  auto data = (*model)->MakeData();
  ASSERT_TRUE(data.ok()) << data.status();

  (*data)->qpos[0] = std::numeric_limits<double>::quiet_NaN();
  mj_step((*model)->get(), data->get());

  EXPECT_GT((*data)->warning[mjWARN_BADQPOS].number, 0);
  EXPECT_FALSE(std::filesystem::exists("MUJOCO_LOG.TXT"));
}

}  // namespace
}  // namespace starling
