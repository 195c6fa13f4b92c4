// What envs/env.h promises, checked for every environment that is linked in,
// with its default options.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/resolve.h"
#include "base/rng.h"
#include "envs/env.h"
#include "gtest/gtest.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

// Control steps of a test's episode: enough to touch the ground and fall.
constexpr int kSteps = 60;

// Everything that an episode shows, as bytes.
struct Trace {
  std::string bytes;
  Outcome outcome = Outcome::kRunning;
  int steps = 0;
};

void Append(const void* data, size_t size, std::string* bytes) {
  bytes->append(static_cast<const char*>(data), size);
}

void AppendObservation(const Env& env, std::string* bytes) {
  const Observation seen = env.observation();
  Append(seen.state.data(), seen.state.size() * sizeof(float), bytes);
  const ImageView& image = seen.image;
  Append(image.data, size_t{1} * image.height * image.width * image.channels,
         bytes);
  const PhysicsState physics = env.physics_state();
  Append(physics.qpos.data(), physics.qpos.size() * sizeof(double), bytes);
  Append(physics.qvel.data(), physics.qvel.size() * sizeof(double), bytes);
}

// Fills `action` with what a policy might answer: within the bounds, on them in
// every fourth coordinate, a choice where the action is one.
void RandomAction(const v1::EnvSpec& spec, Rng* rng, Eigen::VectorXf* action) {
  for (int i = 0; i < action->size(); ++i) {
    const float low = spec.action_low(i);
    const float high = spec.action_high(i);
    if (spec.num_choices() > 0) {
      (*action)[i] = static_cast<float>(rng->Below(spec.num_choices()));
    } else if (std::isinf(low) || std::isinf(high)) {
      (*action)[i] = static_cast<float>(rng->Normal());
    } else if (rng->Below(4) == 0) {
      (*action)[i] = rng->Below(2) == 0 ? low : high;
    } else {
      (*action)[i] = std::min(
          high, static_cast<float>(rng->Uniform(double{low}, double{high})));
    }
  }
}

Trace RunEpisode(Env& env, uint64_t seed, int max_steps = kSteps) {
  Trace trace;
  Rng actions(1);  // the same actions whatever the seed
  Eigen::VectorXf action(env.spec().action_size());
  env.Reset(Rng(seed));
  AppendObservation(env, &trace.bytes);
  while (trace.outcome == Outcome::kRunning && trace.steps < max_steps) {
    RandomAction(env.spec(), &actions, &action);
    const StepResult result = env.Step(action);
    ++trace.steps;
    trace.outcome = result.outcome;
    Append(&result.reward, sizeof(result.reward), &trace.bytes);
    AppendObservation(env, &trace.bytes);
  }
  return trace;
}

class EnvConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Env> Make(uint32_t max_steps = 0) {
    v1::EnvConfig config = EnvRegistry::Default(GetParam()).value();
    if (max_steps > 0) config.set_max_steps(max_steps);
    absl::StatusOr<std::unique_ptr<Env>> env = EnvRegistry::Make(config);
    EXPECT_TRUE(env.ok()) << env.status();
    return *std::move(env);
  }

  // Nothing is observed: the task is a function of the action alone and has no
  // randomness to show.
  static bool IsBlind(const v1::EnvSpec& spec) {
    return spec.state_size() == 0 && spec.image_height() == 0;
  }
};

// As a run does it.
TEST_P(EnvConformanceTest, WritingDefaultsOutChangesNothing) {
  const auto resolved =
      EnvRegistry::Make(Resolve(EnvRegistry::Default(GetParam()).value()));
  ASSERT_TRUE(resolved.ok()) << resolved.status();

  EXPECT_EQ(RunEpisode(**resolved, 1).bytes, RunEpisode(*Make(), 1).bytes);
}

TEST_P(EnvConformanceTest, SpecIsComplete) {
  const auto env = Make();
  const v1::EnvSpec& spec = env->spec();

  EXPECT_EQ(spec.name(), GetParam());
  ASSERT_GE(spec.action_size(), 1u);
  ASSERT_EQ(spec.action_low_size(), static_cast<int>(spec.action_size()));
  ASSERT_EQ(spec.action_high_size(), static_cast<int>(spec.action_size()));
  for (int i = 0; i < spec.action_low_size(); ++i) {
    EXPECT_LT(spec.action_low(i), spec.action_high(i));
  }
  if (spec.num_choices() > 0) {
    EXPECT_EQ(spec.action_size(), 1u);
    EXPECT_EQ(spec.action_low(0), 0);
    EXPECT_EQ(spec.action_high(0), spec.num_choices() - 1.0f);
  }
  if (spec.state_names_size() > 0) {
    EXPECT_EQ(spec.state_names_size(), static_cast<int>(spec.state_size()));
  }
  if (spec.action_names_size() > 0) {
    EXPECT_EQ(spec.action_names_size(), static_cast<int>(spec.action_size()));
  }
  EXPECT_EQ(spec.image_height() > 0, spec.image_width() > 0);
  EXPECT_EQ(spec.image_height() > 0, spec.image_channels() > 0);
  EXPECT_GE(spec.max_steps(), 1u);
  EXPECT_GE(spec.control_period_s(), 0);
  EXPECT_LT(spec.control_period_s(), 10);
  for (const std::string& digest : spec.model_sha256()) {
    EXPECT_EQ(digest.size(), 32u);
  }
}

TEST_P(EnvConformanceTest, SpecIsTheSameEachTime) {
  const auto first = Make();
  const std::string before = first->spec().SerializeAsString();

  RunEpisode(*first, 1);

  EXPECT_EQ(first->spec().SerializeAsString(), before);
  EXPECT_EQ(Make()->spec().SerializeAsString(), before);
}

TEST_P(EnvConformanceTest, EpisodeIsAFunctionOfItsSeed) {
  const auto env = Make();
  const Trace first = RunEpisode(*env, 7);

  // No memory of an episode in between, also of one that was broken off.
  RunEpisode(*env, 8, /*max_steps=*/5);
  EXPECT_EQ(RunEpisode(*env, 7).bytes, first.bytes);

  // The same in another instance, and with another one at work beside it.
  const auto other = Make();
  EXPECT_EQ(RunEpisode(*other, 7).bytes, first.bytes);
}

TEST_P(EnvConformanceTest, SeedsAreDifferentEpisodes) {
  const auto env = Make();

  const Trace first = RunEpisode(*env, 1);
  const Trace second = RunEpisode(*env, 2);

  if (IsBlind(env->spec())) {
    EXPECT_EQ(first.bytes, second.bytes);
  } else {
    EXPECT_NE(first.bytes, second.bytes);
  }
}

TEST_P(EnvConformanceTest, ObservationsAreFiniteAndOfTheDeclaredSize) {
  const auto env = Make();
  const v1::EnvSpec& spec = env->spec();
  Rng actions(3);
  Eigen::VectorXf action(spec.action_size());

  for (uint64_t seed = 1; seed <= 3; ++seed) {
    env->Reset(Rng(seed));
    for (int step = 0; step < kSteps; ++step) {
      const Observation seen = env->observation();
      ASSERT_EQ(seen.state.size(), static_cast<int>(spec.state_size()));
      ASSERT_TRUE(seen.state.allFinite()) << "seed " << seed;
      ASSERT_EQ(seen.image.height, static_cast<int>(spec.image_height()));
      ASSERT_EQ(seen.image.width, static_cast<int>(spec.image_width()));
      ASSERT_EQ(seen.image.channels, static_cast<int>(spec.image_channels()));
      ASSERT_EQ(seen.image.data != nullptr, seen.image.height > 0);

      RandomAction(spec, &actions, &action);
      const StepResult result = env->Step(action);
      ASSERT_TRUE(std::isfinite(result.reward)) << "seed " << seed;
      // The engine has no complaint about actions within the bounds.
      ASSERT_NE(result.outcome, Outcome::kDiverged) << "seed " << seed;
      if (result.outcome != Outcome::kRunning) break;
    }
  }
}

TEST_P(EnvConformanceTest, EpisodeIsTruncatedAtItsLimit) {
  const bool one_step = Make()->spec().max_steps() == 1;
  const int limit = one_step ? 1 : 3;
  const auto env = Make(limit);
  ASSERT_EQ(env->spec().max_steps(), static_cast<uint32_t>(limit));

  int at_limit = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Trace trace = RunEpisode(*env, seed, /*max_steps=*/100);

    EXPECT_NE(trace.outcome, Outcome::kRunning);
    EXPECT_LE(trace.steps, limit);
    if (trace.outcome == Outcome::kTruncated) {
      EXPECT_EQ(trace.steps, limit);
    }
    at_limit += trace.steps == limit;
  }
  EXPECT_GT(at_limit, 0) << "every task survives " << limit << " steps";
}

TEST_P(EnvConformanceTest, NotANumberEndsTheEpisodeAndLeavesNoTrace) {
  const auto env = Make();
  const Trace before = RunEpisode(*env, 5);
  Eigen::VectorXf action =
      Eigen::VectorXf::Constant(env->spec().action_size(), std::nanf(""));

  env->Reset(Rng(5));
  EXPECT_EQ(env->Step(action).outcome, Outcome::kDiverged);

  EXPECT_EQ(RunEpisode(*env, 5).bytes, before.bytes);
  // A physics engine's complaint goes to our log, not into a file of its own.
  EXPECT_FALSE(std::filesystem::exists("MUJOCO_LOG.TXT"));
}

TEST_P(EnvConformanceTest, ResetAndStepAllocateNothing) {
  const auto env = Make();
  env->Reset(Rng(1));
  Rng actions(3);
  Eigen::VectorXf action(env->spec().action_size());

  const AllocationGuard guard;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    env->Reset(Rng(seed));
    Outcome outcome = Outcome::kRunning;
    for (int step = 0; step < kSteps && outcome == Outcome::kRunning; ++step) {
      RandomAction(env->spec(), &actions, &action);
      outcome = env->Step(action).outcome;
    }
  }

  EXPECT_EQ(guard.count(), 0);
}

INSTANTIATE_TEST_SUITE_P(AllEnvs, EnvConformanceTest,
                         testing::ValuesIn(EnvRegistry::Names()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST(EnvRegistryTest, EveryDeclaredKindIsLinked) {
  const auto* kinds = v1::EnvConfig::descriptor()->FindOneofByName("kind");

  EXPECT_EQ(static_cast<int>(EnvRegistry::Names().size()),
            kinds->field_count());
}

}  // namespace
}  // namespace starling
