// A cursor that follows a red disc over a picture: `pixel_pointer`, the
// smallest task that must be seen.
//
// All lengths are shares of the picture's side; a place is (row, column).
// Painted pixel by pixel, about 10 us a frame of 32 x 32.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "base/math_double.h"
#include "base/validate.h"
#include "envs/env.h"

namespace starling {
namespace {

constexpr uint32_t kMaxSteps = 100;
// A step of the cursor at full action.
constexpr double kReach = 0.06;
constexpr double kTargetRadius = 0.07;
constexpr double kCursorRadius = 0.04;
// Of what drifts: change of the velocity, its limit, distance from the edges.
constexpr double kPush = 0.004;
constexpr double kTopSpeed = 0.02;
constexpr double kMargin = 0.1;

using Color = std::array<double, 3>;
constexpr Color kRed = {220, 45, 45};
constexpr Color kWhite = {250, 250, 250};
constexpr Color kSeenColors[] = {
    {70, 160, 70}, {120, 120, 120}, {40, 110, 60}, {180, 180, 180}};
constexpr Color kUnseenColors[] = {
    {50, 80, 210}, {215, 205, 70}, {120, 60, 190}, {60, 190, 200}};

struct Place {
  double row, column;
};

// A disc that wanders and turns back at the edges.
struct Drifter {
  explicit Drifter(Rng* rng)
      : place{rng->Uniform(kMargin, 1 - kMargin),
              rng->Uniform(kMargin, 1 - kMargin)},
        speed{rng->Uniform(-kTopSpeed, kTopSpeed),
              rng->Uniform(-kTopSpeed, kTopSpeed)} {}

  void Move(Rng* rng) {
    Move(rng, &place.row, &speed.row);
    Move(rng, &place.column, &speed.column);
  }
  static void Move(Rng* rng, double* at, double* speed) {
    *speed = std::clamp(*speed + kPush * rng->Normal(), -kTopSpeed, kTopSpeed);
    *at += *speed;
    if (*at < kMargin || *at > 1 - kMargin) {
      *at = std::clamp(*at, kMargin, 1 - kMargin);
      *speed = -*speed;
    }
  }

  Place place, speed;
};

// A picture of one colour that turns into another.
class Background {
 public:
  Background(bool is_unseen, Rng* rng)
      : kind_(static_cast<int>(rng->Below(3)) + (is_unseen ? 3 : 0)),
        angle_(rng->Uniform(0, 2 * kPi)),
        phase_(rng->Uniform(0, 2 * kPi)),
        scale_(rng->Uniform(2, 5)),
        snow_(*rng) {
    for (Color* color : {&one_, &other_}) {
      for (double& channel : *color) channel = rng->Uniform(40, 150);
      // Nothing red but the target.
      (*color)[0] = std::min((*color)[0], ((*color)[1] + (*color)[2]) / 2);
    }
    for (double& knot : knots_) knot = rng->Uniform();
  }

  // For all pixels in turn.
  Color At(Place at) {
    const double share = Share(at);
    Color color;
    for (int c = 0; c < 3; ++c) {
      color[c] = one_[c] + share * (other_[c] - one_[c]);
    }
    return color;
  }

 private:
  double Share(Place at) {
    const double along = at.row * Cos(angle_) + at.column * Sin(angle_);
    switch (kind_) {
      case 0:
        return Cloud(at);
      case 1:
        return std::clamp(0.5 + 0.5 * along, 0.0, 1.0);
      case 2:
        return 0.5 + 0.5 * Sin(2 * kPi * scale_ * along + phase_);
      case 3: {
        const double row = at.row - 0.5, column = at.column - 0.5;
        return 0.5 + 0.5 * Sin(2 * kPi * scale_ *
                                   std::sqrt(row * row + column * column) +
                               phase_);
      }
      case 4:
        return (static_cast<int>(at.row * 2 * scale_) +
                static_cast<int>(at.column * 2 * scale_)) %
               2;
      default:
        return snow_.Uniform();
    }
  }
  // Values at the knots of a net, and between them in proportion.
  double Cloud(Place at) const {
    const double row = at.row * (kKnots - 1), column = at.column * (kKnots - 1);
    const int i = std::min(static_cast<int>(row), kKnots - 2);
    const int j = std::min(static_cast<int>(column), kKnots - 2);
    const double down = row - i, right = column - j;
    const double* const knot = &knots_[i * kKnots + j];
    return (1 - down) * ((1 - right) * knot[0] + right * knot[1]) +
           down * ((1 - right) * knot[kKnots] + right * knot[kKnots + 1]);
  }

  static constexpr int kKnots = 6;
  const int kind_;
  const double angle_, phase_, scale_;
  Rng snow_;
  Color one_, other_;
  std::array<double, kKnots * kKnots> knots_;
};

class PixelPointerEnv : public Env {
 public:
  static absl::StatusOr<std::unique_ptr<Env>> Create(
      const v1::EnvConfig& config) {
    const std::vector<std::string> violations = RangeViolations(config, {});
    if (!violations.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(violations, "; "));
    }
    return std::make_unique<PixelPointerEnv>(config);
  }

  explicit PixelPointerEnv(const v1::EnvConfig& config)
      : options_(config.pixel_pointer()),
        size_(static_cast<int>(options_.size())),
        background_(size_ * size_ * 3),
        frame_(background_.size()) {
    spec_.set_name("pixel_pointer");
    spec_.set_state_size(2);
    NameNumbers({{"cursor/row", ""}, {"cursor/column", ""}},
                spec_.mutable_state_names());
    spec_.set_image_height(size_);
    spec_.set_image_width(size_);
    spec_.set_image_channels(3);
    NameNumbers({{"velocity/row", ""}, {"velocity/column", ""}},
                spec_.mutable_action_names());
    spec_.set_action_size(2);
    for (int i = 0; i < 2; ++i) {
      spec_.add_action_low(-1);
      spec_.add_action_high(1);
    }
    spec_.set_control_period_s(0.05);
    spec_.set_max_steps(config.max_steps() > 0 ? config.max_steps()
                                               : kMaxSteps);
    distractors_.reserve(options_.distractors());
    colors_.reserve(options_.distractors());
  }

  const v1::EnvSpec& spec() const override { return spec_; }

  void Reset(Rng rng) override {
    // Each of its own: what it looks like changes nothing that moves.
    const uint64_t key = uint64_t{rng.Word()} << 32 | rng.Word();
    const auto stream = [key](uint64_t i) {
      return Rng(DeriveSeed(key, Stream::kEnv, i, 0, 0));
    };
    target_rng_ = stream(0);
    others_rng_ = stream(1);
    Rng looks = stream(2), colors = stream(3);
    steps_ = 0;
    target_ = Drifter(&target_rng_);
    cursor_ = {target_rng_.Uniform(kMargin, 1 - kMargin),
               target_rng_.Uniform(kMargin, 1 - kMargin)};
    distractors_.clear();
    colors_.clear();
    const auto& choice = options_.unseen_colors() ? kUnseenColors : kSeenColors;
    for (uint32_t i = 0; i < options_.distractors(); ++i) {
      distractors_.emplace_back(&others_rng_);
      colors_.push_back(choice[colors.Below(std::size(choice))]);
    }
    Background background(options_.unseen_backgrounds(), &looks);
    Paint(&background, size_, size_, background_.data());
    Observe();
  }

  StepResult Step(ConstVectorRef action) override {
    cursor_.row =
        std::clamp(cursor_.row + kReach * double{action[0]}, 0.0, 1.0);
    cursor_.column =
        std::clamp(cursor_.column + kReach * double{action[1]}, 0.0, 1.0);
    if (!std::isfinite(cursor_.row + cursor_.column)) {
      return {0, Outcome::kDiverged};
    }
    target_.Move(&target_rng_);
    for (Drifter& disc : distractors_) disc.Move(&others_rng_);
    ++steps_;
    Observe();
    const double row = cursor_.row - target_.place.row;
    const double column = cursor_.column - target_.place.column;
    return {-std::sqrt(row * row + column * column),
            steps_ >= static_cast<int64_t>(spec_.max_steps())
                ? Outcome::kTruncated
                : Outcome::kRunning};
  }

  Observation observation() const override {
    return {Eigen::Map<const Eigen::VectorXf>(state_, 2),
            {frame_.data(), size_, size_, 3}};
  }

  // Cursor, then target, row and column of each; and the target's velocity.
  PhysicsState physics_state() const override {
    return {.qpos = positions_, .qvel = velocities_};
  }

  bool Draw(int height, int width, uint8_t* rgb) override {
    for (int i = 0; i < height; ++i) {
      for (int j = 0; j < width; ++j) {
        std::memcpy(
            rgb + (int64_t{i} * width + j) * 3,
            &background_[(i * size_ / height * size_ + j * size_ / width) * 3],
            3);
      }
    }
    PaintDiscs(height, width, rgb);
    return true;
  }

 private:
  static void Paint(Background* background, int height, int width,
                    uint8_t* rgb) {
    for (int i = 0; i < height; ++i) {
      for (int j = 0; j < width; ++j) {
        const Color color =
            background->At({(i + 0.5) / height, (j + 0.5) / width});
        for (const double channel : color) {
          *rgb++ = static_cast<uint8_t>(std::lround(channel));
        }
      }
    }
  }

  // With a smooth edge, a pixel wide.
  static void PaintDisc(Place center, double radius, const Color& color,
                        int height, int width, uint8_t* rgb) {
    const double row = center.row * height, column = center.column * width;
    const double pixels = radius * std::min(height, width);
    const int top = std::max(0, static_cast<int>(row - pixels - 1));
    const int left = std::max(0, static_cast<int>(column - pixels - 1));
    const int bottom = std::min(height, static_cast<int>(row + pixels + 2));
    const int right = std::min(width, static_cast<int>(column + pixels + 2));
    for (int i = top; i < bottom; ++i) {
      for (int j = left; j < right; ++j) {
        const double down = i + 0.5 - row, along = j + 0.5 - column;
        const double share = std::clamp(
            pixels + 0.5 - std::sqrt(down * down + along * along), 0.0, 1.0);
        if (share == 0) continue;
        uint8_t* const pixel = rgb + (int64_t{i} * width + j) * 3;
        for (int c = 0; c < 3; ++c) {
          pixel[c] = static_cast<uint8_t>(
              std::lround(pixel[c] + share * (color[c] - pixel[c])));
        }
      }
    }
  }

  void PaintDiscs(int height, int width, uint8_t* rgb) const {
    for (size_t i = 0; i < distractors_.size(); ++i) {
      PaintDisc(distractors_[i].place, kTargetRadius, colors_[i], height, width,
                rgb);
    }
    PaintDisc(target_.place, kTargetRadius, kRed, height, width, rgb);
    PaintDisc(cursor_, kCursorRadius, kWhite, height, width, rgb);
  }

  void Observe() {
    frame_ = background_;
    PaintDiscs(size_, size_, frame_.data());
    state_[0] = static_cast<float>(cursor_.row);
    state_[1] = static_cast<float>(cursor_.column);
    positions_ = {cursor_.row, cursor_.column, target_.place.row,
                  target_.place.column};
    velocities_ = {target_.speed.row, target_.speed.column};
  }

  const v1::PixelPointer options_;
  const int size_;
  v1::EnvSpec spec_;
  int64_t steps_ = 0;
  Rng target_rng_{0}, others_rng_{0};
  Drifter target_{&target_rng_};
  Place cursor_ = {};
  std::vector<Drifter> distractors_;
  std::vector<Color> colors_;
  std::vector<uint8_t> background_, frame_;
  float state_[2] = {};
  std::array<double, 4> positions_ = {};
  std::array<double, 2> velocities_ = {};
};

STARLING_REGISTER_ENV(pixel_pointer, PixelPointerEnv::Create);

}  // namespace
}  // namespace starling
