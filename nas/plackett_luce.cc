#include "nas/plackett_luce.h"

#include <algorithm>
#include <numeric>

#include "base/log.h"
#include "base/math.h"

namespace starling {
namespace {

// -log(-log(u)), u in (0, 1).
double Gumbel(Rng* rng) {
  const double u = (rng->Word() + 0.5) * 0x1p-32;
  return -Log(-Log(u));
}

}  // namespace

PlackettLuce::PlackettLuce(absl::Span<const double> logits)
    : logits_(logits.begin(), logits.end()), weights_(logits.size()) {
  CHECK(!logits.empty());
  largest_ = *std::max_element(logits.begin(), logits.end());
  for (size_t i = 0; i < logits.size(); ++i) {
    weights_[i] = Exp(logits[i] - largest_);
    total_ += weights_[i];
  }
}

std::vector<int32_t> PlackettLuce::Sample(int k, Rng* rng) const {
  const auto n = static_cast<int>(logits_.size());
  CHECK(k >= 1 && k <= n) << k << " of " << n;
  std::vector<double> perturbed(n);
  for (int i = 0; i < n; ++i) perturbed[i] = logits_[i] + Gumbel(rng);
  std::vector<int32_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  const auto comes_first = [&](int32_t a, int32_t b) {
    return perturbed[a] != perturbed[b] ? perturbed[a] > perturbed[b] : a < b;
  };
  if (k < n) {
    std::nth_element(order.begin(), order.begin() + k, order.end(),
                     comes_first);
  }
  order.resize(k);
  std::sort(order.begin(), order.end(), comes_first);
  return order;
}

int32_t PlackettLuce::SampleOne(Rng* rng) const {
  const double u = rng->Uniform() * total_;
  double sum = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    sum += weights_[i];
    if (u < sum) return static_cast<int32_t>(i);
  }
  return static_cast<int32_t>(weights_.size()) - 1;
}

std::vector<double> PlackettLuce::Remaining(absl::Span<const int32_t> order,
                                            std::vector<bool>* chosen) const {
  chosen->assign(weights_.size(), false);
  for (const int32_t i : order) (*chosen)[i] = true;
  double sum = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (!(*chosen)[i]) sum += weights_[i];
  }
  std::vector<double> remaining(order.size());
  for (size_t t = order.size(); t-- > 0;) {
    sum += weights_[order[t]];
    remaining[t] = sum;
  }
  return remaining;
}

double PlackettLuce::LogProbability(absl::Span<const int32_t> order) const {
  std::vector<bool> chosen;
  const std::vector<double> remaining = Remaining(order, &chosen);
  double sum = 0;
  for (size_t t = 0; t < order.size(); ++t) {
    sum += logits_[order[t]] - largest_ - Log(remaining[t]);
  }
  return sum;
}

void PlackettLuce::AddGradient(absl::Span<const int32_t> order, double weight,
                               double* gradient) const {
  std::vector<bool> chosen;
  const std::vector<double> remaining = Remaining(order, &chosen);
  // d/d logit_j = [j chosen] - exp(logit_j) sum over the steps at which j was
  // left of 1 / remaining.
  double inverse = 0;
  for (size_t t = 0; t < order.size(); ++t) {
    inverse += 1 / remaining[t];
    gradient[order[t]] += weight * (1 - weights_[order[t]] * inverse);
  }
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (!chosen[i]) gradient[i] -= weight * weights_[i] * inverse;
  }
}

double PlackettLuce::Entropy() const {
  const double log_total = Log(total_);
  double entropy = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const double log_p = logits_[i] - largest_ - log_total;
    entropy -= weights_[i] / total_ * log_p;
  }
  return entropy;
}

void PlackettLuce::AddEntropyGradient(double weight, double* gradient) const {
  const double log_total = Log(total_), entropy = Entropy();
  for (size_t i = 0; i < weights_.size(); ++i) {
    const double log_p = logits_[i] - largest_ - log_total;
    gradient[i] -= weight * weights_[i] / total_ * (log_p + entropy);
  }
}

}  // namespace starling
