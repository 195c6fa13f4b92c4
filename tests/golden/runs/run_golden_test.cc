// The bits of whole runs, once and for all: a change that moves one moves what
// every user's seed means, and must say so.
//
// No physics engine and no libm takes part, so these hold on every machine of
// the target. Where a move is wanted, paste what the test prints.
#include <string>

#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

class RunGoldenTest : public RunFixture {
 protected:
  std::string SignatureOf(const std::string& text) {
    const std::string run = Path("run");
    const testing::ProcessResult result =
        Train(Write("golden.textproto", text), run, {"--workers", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    return Signature(run);
  }
};

TEST_F(RunGoldenTest, OpenAiEsOnABlackBoxFunction) {
  EXPECT_EQ(
      SignatureOf(R"(
              name: "golden_rastrigin" seed: 5
              env { rastrigin { dimension: 8 } }
              policy { linear { bias: true } }
              normalizer { enabled: false }
              strategy { openai_es { num_directions: 12 sigma: 0.05 } }
              budget { generations: 12 }
              evaluation { every: 5 episodes: 1 fresh_episodes: 0 })"),
      "4afbbd3d47d9f8cc44ffb0fd88e3ae447ade31b20d832a7d8ebae01b43f84eac\n");
}

TEST_F(RunGoldenTest, ArsOnPendulumWithANormalizer) {
  EXPECT_EQ(
      SignatureOf(R"(
              name: "golden_pendulum" seed: 6
              env { pendulum {} }
              policy { mlp { hidden: 8 activation: TANH } }
              strategy { ars { num_directions: 8 top_directions: 4 } }
              rollout { episodes: 2 }
              budget { generations: 8 }
              evaluation { every: 3 episodes: 2 fresh_episodes: 2 })"),
      "e0202cc2f8be640a732da91783706d313ba4bccb45367f1b7d539756f60a4d8f\n");
}

}  // namespace
}  // namespace starling
