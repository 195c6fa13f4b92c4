#include "envs/mujoco/renderer.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

class RendererTest : public testing::Test {
 protected:
  RendererTest()
      : model_(MujocoModel::Load("half_cheetah.xml").value()),
        data_(model_->MakeData().value()) {
    mj_forward(model_->get(), data_.get());
  }

  std::unique_ptr<Renderer> Make(const RendererOptions& options) {
    auto renderer = Renderer::Create(*model_, options);
    EXPECT_TRUE(renderer.ok()) << renderer.status();
    return *std::move(renderer);
  }

  std::vector<uint8_t> Picture(Renderer& renderer) {
    std::vector<uint8_t> rgb(3 * renderer.height() * renderer.width());
    const absl::Status status = renderer.Render(data_.get(), rgb.data());
    EXPECT_TRUE(status.ok()) << status;
    return rgb;
  }

  std::shared_ptr<const MujocoModel> model_;
  MujocoData data_;
};

// Pixels that differ by more than a rounding.
int NumDifferent(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  int count = 0;
  for (size_t i = 0; i + 2 < a.size(); i += 3) {
    bool differs = false;
    for (size_t c = i; c < i + 3; ++c) differs |= std::abs(a[c] - b[c]) > 4;
    count += differs;
  }
  return count;
}

TEST_F(RendererTest, DrawsMoreThanAFlatColour) {
  auto renderer = Make({.height = 60, .width = 90});

  const std::vector<uint8_t> rgb = Picture(*renderer);

  std::set<std::vector<uint8_t>> colours;
  for (size_t i = 0; i < rgb.size(); i += 3) {
    colours.insert({rgb[i], rgb[i + 1], rgb[i + 2]});
  }
  EXPECT_GT(colours.size(), 50u);
}

TEST_F(RendererTest, PicturesAreEqualEachTime) {
  auto renderer = Make({.height = 60, .width = 90});
  const std::vector<uint8_t> first = Picture(*renderer);

  EXPECT_EQ(Picture(*renderer), first);
  auto other = Make({.height = 60, .width = 90});
  EXPECT_EQ(Picture(*other), first);
  // Two on one thread take turns.
  EXPECT_EQ(Picture(*renderer), first);
}

// A red ball above and to the right of the world's origin, free to slide; lit
// by the camera's own light alone.
constexpr char kBall[] = R"(
<mujoco>
  <worldbody>
    <camera name="front" pos="0 -3 0" xyaxes="1 0 0 0 0 1"/>
    <body pos="0.4 0 0.6">
      <joint type="slide" axis="1 0 0"/>
      <joint type="slide" axis="0 0 1"/>
      <geom type="sphere" size="0.3" rgba="1 0 0 1"/>
    </body>
  </worldbody>
</mujoco>)";

class BallTest : public RendererTest {
 protected:
  BallTest() {
    const std::string path = testing::TempDir() + "/ball.xml";
    std::ofstream(path) << kBall;
    model_ = MujocoModel::Load(path).value();
    data_ = model_->MakeData().value();
    mj_forward(model_->get(), data_.get());
  }
};

TEST_F(BallTest, TopRowComesFirst) {
  auto renderer = Make({.height = 60, .width = 60, .camera = "front"});

  const std::vector<uint8_t> rgb = Picture(*renderer);

  // At 3 m with 45 degrees 60 pixels are 2.49 m: the ball's middle is 14 rows
  // above and 10 columns to the right of the picture's, its radius 7 pixels.
  const auto redness = [&](int row, int column) {
    const uint8_t* pixel = &rgb[3 * (row * 60 + column)];
    return pixel[0] - pixel[1];
  };
  EXPECT_GT(redness(15, 39), 50);
  EXPECT_LT(redness(44, 39), 10);
  EXPECT_LT(redness(15, 20), 10);
}

TEST_F(BallTest, WhatMovesStaysInThePicture) {
  auto renderer = Make({.height = 60, .width = 90});
  const std::vector<uint8_t> before = Picture(*renderer);
  int red_pixels = 0;
  for (size_t i = 0; i < before.size(); i += 3) {
    red_pixels += before[i] > before[i + 1] + 50;
  }

  data_->qpos[0] += 100;
  mj_forward(model_->get(), data_.get());
  const std::vector<uint8_t> after = Picture(*renderer);

  EXPECT_GT(red_pixels, 30);
  EXPECT_LT(NumDifferent(before, after), red_pixels / 4);
}

TEST_F(RendererTest, TheFloorHasNoEnd) {
  auto renderer = Make({.height = 60, .width = 90});
  const std::vector<uint8_t> here = Picture(*renderer);

  // The floor is drawn as 60 tiles in 80 m: 180 tiles further on.
  data_->qpos[0] += 240;
  mj_forward(model_->get(), data_.get());

  EXPECT_LT(NumDifferent(Picture(*renderer), here), 60 * 90 / 20);
}

TEST_F(RendererTest, ShadowsAreOffUnlessAskedFor) {
  auto plain = Make({.height = 60, .width = 90});
  auto fine = Make({.height = 60, .width = 90, .fine = true});

  EXPECT_GT(NumDifferent(Picture(*plain), Picture(*fine)), 20);
}

TEST_F(RendererTest, DrawingLeavesTheSimulationAsItIs) {
  const auto state = [&] {
    std::vector<mjtNum> state(mj_stateSize(model_->get(), mjSTATE_INTEGRATION));
    mj_getState(model_->get(), data_.get(), state.data(), mjSTATE_INTEGRATION);
    return state;
  };
  auto renderer = Make({});
  const auto run = [&](bool draw) {
    mj_resetData(model_->get(), data_.get());
    for (int step = 0; step < 50; ++step) {
      data_->ctrl[0] = 1;
      mj_step(model_->get(), data_.get());
      if (draw) Picture(*renderer);
    }
    return state();
  };

  EXPECT_EQ(run(/*draw=*/true), run(/*draw=*/false));
}

TEST_F(RendererTest, EachThreadHasItsOwn) {
  auto renderer = Make({.height = 60, .width = 90});
  const std::vector<uint8_t> here = Picture(*renderer);
  std::vector<uint8_t> there;

  std::thread other([&] {
    auto mine = Make({.height = 60, .width = 90});
    there = Picture(*mine);
  });
  other.join();

  EXPECT_EQ(there, here);
}

TEST_F(RendererTest, MissingEglNamesThePackageToInstall) {
  const auto renderer =
      Renderer::Create(*model_, {.egl_library = "libEGL_not_there.so.1"});

  ASSERT_EQ(renderer.status().code(), absl::StatusCode::kNotFound);
  const std::string message(renderer.status().message());
  EXPECT_NE(message.find("libEGL_not_there.so.1"), std::string::npos);
  EXPECT_NE(message.find("apt-get install"), std::string::npos);
  EXPECT_NE(message.find("libegl1"), std::string::npos);
}

TEST_F(RendererTest, LibraryWithoutEglIsRefused) {
  // Loads, but has none of the functions.
  const auto renderer =
      Renderer::Create(*model_, {.egl_library = "libpthread.so.0"});

  EXPECT_EQ(renderer.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RendererTest, UnknownCameraIsAnsweredWithTheKnownOnes) {
  const auto renderer = Renderer::Create(*model_, {.camera = "side"});

  ASSERT_EQ(renderer.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(renderer.status().message().find("track"), std::string::npos);
}

TEST_F(RendererTest, PictureMakerFollowsTheSizeThatIsAsked) {
  PictureMaker pictures;
  std::vector<uint8_t> small(3 * 20 * 30, 7);
  std::vector<uint8_t> large(3 * 40 * 30, 7);

  ASSERT_TRUE(pictures.Draw(*model_, data_.get(), 20, 30, small.data()));
  ASSERT_TRUE(pictures.Draw(*model_, data_.get(), 40, 30, large.data()));

  // Written to the last pixel.
  EXPECT_NE(std::vector<uint8_t>(large.end() - 3, large.end()),
            std::vector<uint8_t>(3, 7));
  EXPECT_FALSE(pictures.Draw(*model_, data_.get(), 0, 30, large.data()));
}

}  // namespace
}  // namespace starling
