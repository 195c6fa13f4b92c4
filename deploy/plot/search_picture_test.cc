#include "deploy/plot/search_picture.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

SearchSpace Space(const std::string& text) {
  v1::SearchSpace message;
  EXPECT_TRUE(ParseTextProto(text, "a test", &message).ok());
  return *SearchSpace::Create(message);
}

const ParameterLayout kLayout = {{"layer0.weights", 0, 2, 3},
                                 {"layer0.bias", 6, 2, 1},
                                 {"layer1.weights", 8, 1, 2},
                                 {"layer1.bias", 10, 1, 1}};

TEST(EdgeHeatMapsTest, EdgesOfASetFillTheMatricesInOrder) {
  const SearchSpace space = Space(
      R"(decisions { name: "edges" many_of { k: 3 num_candidates: 8 } }
         decisions { name: "operations" one_of { num_candidates: 2 count: 2 } })");
  const auto maps = EdgeHeatMaps(space, kLayout,
                                 {0, .1f, .2f, .3f, .4f, .5f, .6f, .7f,  //
                                  .5f, .5f, .5f, .5f});
  ASSERT_EQ(maps.size(), 2u);
  EXPECT_EQ(maps[0].rows, 2);
  EXPECT_EQ(maps[0].cols, 3);
  EXPECT_EQ(maps[0].values[4], .4f);
  EXPECT_EQ(maps[1].values, (std::vector<float>{.6f, .7f}));
}

TEST(EdgeHeatMapsTest, AMaskShowsItsOnesAndAPartitionItsLikeliestClass) {
  const SearchSpace mask =
      Space(R"(decisions { name: "edges" boolean { count: 8 } })");
  std::vector<float> p;
  for (int i = 0; i < 8; ++i) {
    p.push_back(1 - i / 10.0f);
    p.push_back(i / 10.0f);
  }
  EXPECT_EQ(EdgeHeatMaps(mask, kLayout, p)[1].values[1], .7f);
  const SearchSpace partition = Space(
      R"(decisions { name: "weights" one_of { num_candidates: 3 count: 8 } })");
  p.assign(24, .25f);
  p[1] = .5f;
  EXPECT_EQ(EdgeHeatMaps(partition, kLayout, p)[0].values[0], .5f);
}

TEST(EdgeHeatMapsTest, OtherSpacesHaveNone) {
  const SearchSpace sizes =
      Space(R"(decisions { name: "layer0/width" integer { min: 1 max: 8 } })");
  EXPECT_TRUE(
      EdgeHeatMaps(sizes, kLayout, std::vector<float>(8, .125f)).empty());
}

TEST(SearchPictureTest, GnuplotDrawsEveryPanel) {
  SearchPicture picture;
  picture.title = "a 'search', seed 1";
  picture.cost = "live parameters";
  for (int g = 0; g < 12; ++g) {
    ProgressRow row;
    row.progress.generation = g;
    row.progress.training = {10, 1.0 * g, 1, 0, 0, 5};
    row.progress.search.emplace();
    row.progress.search->stage =
        g < 8 ? v1::SearchState::SEARCHING : v1::SearchState::FINE_TUNING;
    if (g % 4 == 0) {
      row.progress.fixed = {10, 2.0 * g, 1, 0, 0, 5};
      row.progress.search->entropy = 1 - g / 12.0;
      row.progress.search->sampled = {10, 0.5 * g, 1, 0, 0, 5};
    }
    picture.rows.push_back(row);
  }
  for (int i = 1; i < 4; ++i) {
    v1::FrontEntry entry;
    entry.set_cost(20 * i);
    entry.set_mean(i);
    entry.set_std(0.5);
    entry.set_episodes(i == 1 ? 1 : 10);
    picture.front.push_back(entry);
  }
  picture.heat_maps = {{"layer0.weights", 2, 3, {0, .2f, .4f, .6f, .8f, 1}}};

  const auto svg =
      RunGnuplot(SearchScript(picture, 1200, 800, PictureFormat::kSvg));
  ASSERT_TRUE(svg.ok()) << svg.status();
  for (const char* const shown :
       {"return and entropy", "front: return", "layer0.weights", "fine-tuning",
        "live parameters", "a 'search', seed 1"}) {
    std::string text = shown;
    const size_t quote = text.find('\'');
    EXPECT_TRUE(absl::StrContains(*svg, text.substr(0, quote))) << shown;
  }
  // And without what a young run does not have.
  picture.front.clear();
  picture.heat_maps.clear();
  picture.rows.resize(1);
  EXPECT_TRUE(
      RunGnuplot(SearchScript(picture, 600, 400, PictureFormat::kPng)).ok());
}

}  // namespace
}  // namespace starling
