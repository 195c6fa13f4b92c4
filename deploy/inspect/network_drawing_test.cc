#include "deploy/inspect/network_drawing.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

// s0, s1, s2 -> h1 -> a0; s2 -> a1.
LiveNetwork Small() {
  LiveNetwork network;
  network.num_inputs = 3;
  network.num_outputs = 2;
  network.nodes = {{4, v1::NODE_TANH, 5, {{0, 4, 0}, {2, 4, 1}}},
                   {6, v1::NODE_IDENTITY, -1, {{4, 6, 2}}},
                   {7, v1::NODE_IDENTITY, 4, {{2, 7, 3}}}};
  return network;
}
const std::vector<float> kTheta = {0.421f, -1.3f, 1.21f, -0.4f, -0.25f, 0.1f};

TEST(NetworkDrawingTest, TextIsAFormulaANode) {
  EXPECT_EQ(NetworkText(Small(), kTheta),
            "h1 = tanh(0.421 s0 - 1.3 s2 + 0.1)\n"
            "a0 = 1.21 h1\n"
            "a1 = -0.4 s2 - 0.25\n");
}

TEST(NetworkDrawingTest, ANodeWithoutAnythingIsZero) {
  LiveNetwork network;
  network.num_inputs = 1;
  network.num_outputs = 1;
  network.nodes = {{1, v1::NODE_IDENTITY, -1, {}}};
  EXPECT_EQ(NetworkText(network, {}), "a0 = 0\n");
}

TEST(NetworkDrawingTest, ThePictureHasALineAnEdgeAndACircleANode) {
  const std::string svg = NetworkSvg(Small(), kTheta);
  const auto count = [&svg](const std::string& what) {
    int n = 0;
    for (size_t at = svg.find(what); at != std::string::npos;
         at = svg.find(what, at + 1)) {
      ++n;
    }
    return n;
  };
  EXPECT_EQ(count("<line "), 4);
  EXPECT_EQ(count("<circle "), 6);
  EXPECT_EQ(count("stroke=\"#d55e00\""), 2) << "two weights are negative";
  EXPECT_EQ(count("#cccccc"), 1) << "s1 is not read";
  EXPECT_TRUE(absl::StrContains(svg, ">h1 tanh</text>"));
  EXPECT_TRUE(absl::StartsWith(svg, "<svg "));
  EXPECT_TRUE(absl::EndsWith(svg, "</svg>\n"));
}

}  // namespace
}  // namespace starling
