#include "nas/objectives.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/math.h"

namespace starling {
namespace {

constexpr double kFlat = 1e-12;

bool HasLimit(const v1::ObjectivesConfig& config) { return config.limit() > 0; }

}  // namespace

std::vector<double> ZScores(absl::Span<const double> values) {
  std::vector<double> scores(values.begin(), values.end());
  if (values.empty()) return scores;
  double sum = 0, largest = 0;
  for (const double value : values) {
    sum += value;
    largest = std::max(largest, std::abs(value));
  }
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation =
      std::sqrt(squares / static_cast<double>(values.size()));
  const bool is_flat = !(deviation > kFlat * std::max(1.0, largest));
  for (double& score : scores) {
    score = is_flat ? 0 : (score - mean) / deviation;
  }
  return scores;
}

absl::Status CheckObjectives(const v1::ObjectivesConfig& config) {
  if (config.cost() == v1::ObjectivesConfig::LATENCY &&
      !(config.latency().base_ns() > 0 ||
        config.latency().per_multiply_add_ns() > 0)) {
    return absl::InvalidArgumentError(
        "objectives.cost is LATENCY, but objectives.latency is empty; measure "
        "once with `starling bench latency --out F` and put what F holds "
        "there");
  }
  if (config.form_case() != v1::ObjectivesConfig::FORM_NOT_SET &&
      !HasLimit(config)) {
    return absl::InvalidArgumentError(
        "objectives says how costs count, but not how much is allowed: set "
        "objectives.limit");
  }
  if (config.has_product() && !(config.product().reward_offset() > 0)) {
    return absl::InvalidArgumentError(
        "objectives.product needs a reward_offset > 0 that makes every return "
        "positive: with a negative return, more cost would score better");
  }
  return absl::OkStatus();
}

absl::Status Score(const v1::ObjectivesConfig& config,
                   absl::Span<std::optional<Objectives>> objectives) {
  std::vector<double> returns;
  for (const auto& o : objectives) {
    if (o.has_value()) returns.push_back(o->mean_return);
  }
  if (config.has_product()) {
    const v1::ReturnProduct& product = config.product();
    for (const double value : returns) {
      if (value + product.reward_offset() > 0) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("objectives.product.reward_offset is ",
                       product.reward_offset(), ", but a return was ", value,
                       ": their sum must be positive. Give a larger one, or "
                       "use penalty {}"));
    }
    for (auto& o : objectives) {
      if (!o.has_value()) continue;
      const double excess = std::max(o->cost, 1e-9) / config.limit();
      const double exponent =
          excess <= 1 ? product.exponent_below() : product.exponent_above();
      o->score = (o->mean_return + product.reward_offset()) *
                 Exp(exponent * Log(excess));
    }
    return absl::OkStatus();
  }

  const std::vector<double> z = ZScores(returns);
  const double worst = z.empty() ? 0 : *std::min_element(z.begin(), z.end());
  size_t next = 0;
  for (auto& o : objectives) {
    if (!o.has_value()) continue;
    o->score = z[next++];
    if (!HasLimit(config) || o->cost <= config.limit()) continue;
    const double excess = Log(o->cost / config.limit());
    o->score = config.has_constraint()
                   ? worst - excess
                   : o->score - config.penalty().weight() * excess;
  }
  return absl::OkStatus();
}

}  // namespace starling
