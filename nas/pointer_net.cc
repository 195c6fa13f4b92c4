#include "nas/pointer_net.h"

#include <algorithm>
#include <cmath>

#include "base/linalg.h"
#include "base/log.h"
#include "base/math.h"

namespace starling {
namespace {

constexpr int kMaxValues = 64;
constexpr float kRange = 2.5f, kSlope = 5;
constexpr double kInitialDeviation = 0.1;

// y += A^T x, A [rows, cols] stored row by row.
void AddTransposed(const float* a, const float* x, int rows, int cols,
                   float* y) {
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) y[col] += a[row * cols + col] * x[row];
  }
}

// A += x y^T.
void AddOuter(const float* x, const float* y, int rows, int cols, float* a) {
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) a[row * cols + col] += x[row] * y[col];
  }
}

}  // namespace

PointerNet::PointerNet(const SearchSpace* space, int hidden)
    : space_(space), hidden_(hidden) {
  const auto take = [this](int size) {
    const int first = num_parameters_;
    num_parameters_ += size;
    return first;
  };
  wx_ = take(4 * hidden * hidden);
  wh_ = take(4 * hidden * hidden);
  bias_ = take(4 * hidden);
  w1_ = take(hidden * hidden);
  w2_ = take(hidden * hidden);
  v_ = take(hidden);
  for (int d = 0; d < space->num_decisions(); ++d) {
    const int values = space->num_values(d);
    values_.push_back(space->is_ordered(d) ? std::min(values, kMaxValues)
                                           : values);
    embeddings_.push_back(take(values_[d] * hidden));
    starts_.push_back(take(hidden));
    places_.push_back(HasPlaces(d) ? take(space->num_places(d) * hidden) : 0);
  }
}

std::vector<float> PointerNet::InitialParameters(Rng rng) const {
  std::vector<float> parameters(num_parameters_);
  for (int i = 0; i < num_parameters_; ++i) {
    if (i >= bias_ && i < w1_) continue;
    // Matrices by their inputs, embeddings small.
    const double deviation = i < v_
                                 ? 1 / std::sqrt(static_cast<double>(hidden_))
                                 : kInitialDeviation;
    parameters[i] = static_cast<float>(rng.Normal() * deviation);
  }
  return parameters;
}

void PointerNet::SetParameters(const std::vector<float>& parameters) {
  CHECK_EQ(static_cast<int>(parameters.size()), num_parameters_);
  parameters_ = parameters;
  keys_.resize(space_->num_decisions());
  for (int d = 0; d < space_->num_decisions(); ++d) {
    keys_[d].resize(Values(d) * hidden_);
    for (int j = 0; j < Values(d); ++j) {
      Gemv(parameters_.data() + w1_,
           parameters_.data() + embeddings_[d] + j * hidden_, hidden_, hidden_,
           false, keys_[d].data() + j * hidden_);
    }
  }
}

// Gates in the order input, forget, output, candidate.
void PointerNet::Forward(const std::vector<float>& cell,
                         const std::vector<float>& output,
                         const std::vector<bool>& masked, Step* step) const {
  const float* const theta = parameters_.data();
  const int h = hidden_;
  step->x.assign(theta + starts_[step->decision],
                 theta + starts_[step->decision] + h);
  if (step->input >= 0) {
    const float* e = theta + embeddings_[step->decision] + step->input * h;
    std::copy(e, e + h, step->x.begin());
  }
  if (HasPlaces(step->decision)) {
    const float* p = theta + places_[step->decision] + step->place * h;
    for (int i = 0; i < h; ++i) step->x[i] += p[i];
  }
  step->gates.assign(theta + bias_, theta + bias_ + 4 * h);
  Gemv(theta + wx_, step->x.data(), 4 * h, h, true, step->gates.data());
  Gemv(theta + wh_, output.data(), 4 * h, h, true, step->gates.data());
  float* const gates = step->gates.data();
  Sigmoid(gates, 3 * h, gates);
  Tanh(gates + 3 * h, h, gates + 3 * h);
  step->cell.resize(h);
  for (int i = 0; i < h; ++i) {
    step->cell[i] = gates[h + i] * cell[i] + gates[i] * gates[3 * h + i];
  }
  step->output.resize(h);
  Tanh(step->cell.data(), h, step->output.data());
  for (int i = 0; i < h; ++i) step->output[i] *= gates[2 * h + i];

  std::vector<float> query(h), hit(h);
  Gemv(theta + w2_, step->output.data(), h, h, false, query.data());
  const int n = Values(step->decision);
  const std::vector<float>& keys = keys_[step->decision];
  step->u.assign(n, 0);
  step->probabilities.assign(n, 0);
  float largest = -kRange;
  for (int j = 0; j < n; ++j) {
    if (masked[j]) continue;
    for (int i = 0; i < h; ++i) hit[i] = keys[j * h + i] + query[i];
    Tanh(hit.data(), h, hit.data());
    step->u[j] = Dot(theta + v_, hit.data(), h);
    step->probabilities[j] = kRange * Tanh(step->u[j] / kSlope);
    largest = std::max(largest, step->probabilities[j]);
  }
  float sum = 0;
  for (int j = 0; j < n; ++j) {
    if (masked[j]) continue;
    step->probabilities[j] = Exp(step->probabilities[j] - largest);
    sum += step->probabilities[j];
  }
  step->entropy = 0;
  for (float& p : step->probabilities) {
    p /= sum;
    if (p > 0) step->entropy -= p * Log(p);
  }
}

std::vector<PointerNet::Step> PointerNet::Run(const Chooser& choose) {
  std::vector<Step> steps;
  std::vector<float> cell(hidden_), output(hidden_);
  Choices choices(space_->num_decisions());
  for (int d = 0; d < space_->num_decisions(); ++d) {
    if (!space_->IsMade(d, choices)) continue;
    std::vector<bool> masked(Values(d));
    std::vector<int32_t> pointed;
    for (int place = 0; place < space_->num_places(d); ++place) {
      Step step{.decision = d,
                .place = place,
                .input = place == 0 ? -1 : pointed.back(),
                .chosen = 0,
                .x = {},
                .gates = {},
                .cell = {},
                .output = {},
                .u = {},
                .probabilities = {},
                .entropy = 0};
      Forward(cell, output, masked, &step);
      step.chosen = choose(step.probabilities);
      if (space_->is_set(d)) masked[step.chosen] = true;
      pointed.push_back(step.chosen);
      cell = step.cell;
      output = step.output;
      steps.push_back(std::move(step));
    }
    Pointings all(space_->num_decisions());
    all[d] = pointed;
    choices[d] = ToChoices(all)[d];
  }
  return steps;
}

Pointings PointerNet::Sample(Rng* rng) {
  Pointings pointings(space_->num_decisions());
  const std::vector<Step> steps =
      Run([rng](const std::vector<float>& probabilities) {
        const double u = rng->Uniform();
        double sum = 0;
        int last = 0;
        for (size_t j = 0; j < probabilities.size(); ++j) {
          if (probabilities[j] <= 0) continue;
          last = static_cast<int>(j);
          sum += probabilities[j];
          if (u < sum) break;
        }
        return last;
      });
  for (const Step& step : steps) {
    pointings[step.decision].push_back(step.chosen);
  }
  return pointings;
}

Pointings PointerNet::Greedy() {
  Pointings pointings(space_->num_decisions());
  const std::vector<Step> steps =
      Run([](const std::vector<float>& probabilities) {
        return static_cast<int>(
            std::max_element(probabilities.begin(), probabilities.end()) -
            probabilities.begin());
      });
  for (const Step& step : steps) {
    pointings[step.decision].push_back(step.chosen);
  }
  return pointings;
}

Choices PointerNet::ToChoices(const Pointings& pointings) const {
  Choices choices = pointings;
  for (int d = 0; d < space_->num_decisions(); ++d) {
    const int64_t all = space_->num_values(d), own = Values(d);
    for (int32_t& value : choices[d]) {
      // Evenly over the values, the ends included.
      const int64_t index =
          own == all ? value
                     : value * (all - 1) / std::max<int64_t>(own - 1, 1);
      value = space_->first_value(d) + static_cast<int32_t>(index);
    }
    if (space_->is_set(d)) std::sort(choices[d].begin(), choices[d].end());
  }
  return choices;
}

double PointerNet::Accumulate(const Pointings& pointings, double weight,
                              double entropy_weight,
                              std::vector<float>* gradient) {
  int decision = 0;
  size_t next = 0;
  const std::vector<Step> steps = Run([&](const std::vector<float>&) {
    while (next == pointings[decision].size()) {
      ++decision;
      next = 0;
    }
    return pointings[decision][next++];
  });
  double log_probability = 0;
  for (const Step& step : steps) {
    log_probability += Log(double{step.probabilities[step.chosen]});
  }
  if (gradient != nullptr) Backward(steps, weight, entropy_weight, gradient);
  return log_probability;
}

void PointerNet::Backward(const std::vector<Step>& steps, double weight,
                          double entropy_weight, std::vector<float>* gradient) {
  const float* const theta = parameters_.data();
  float* const g = gradient->data();
  const int h = hidden_;
  std::vector<std::vector<float>> key_gradients(space_->num_decisions());
  for (int d = 0; d < space_->num_decisions(); ++d) {
    key_gradients[d].assign(keys_[d].size(), 0);
  }
  std::vector<float> d_output(h), d_cell(h), d_gates(4 * h), query(h), hit(h),
      d_query(h), squashed(h), d_x(h);
  const std::vector<float> zero(h);
  for (size_t t = steps.size(); t-- > 0;) {
    const Step& step = steps[t];
    const std::vector<float>& cell_before = t == 0 ? zero : steps[t - 1].cell;
    const std::vector<float>& output_before =
        t == 0 ? zero : steps[t - 1].output;

    // Softmax, squashing, attention.
    Gemv(theta + w2_, step.output.data(), h, h, false, query.data());
    std::fill(d_query.begin(), d_query.end(), 0);
    const std::vector<float>& keys = keys_[step.decision];
    std::vector<float>& d_keys = key_gradients[step.decision];
    for (int j = 0; j < Values(step.decision); ++j) {
      const float p = step.probabilities[j];
      if (p <= 0) continue;
      const auto d_logit =
          static_cast<float>(weight * ((j == step.chosen ? 1.0 : 0.0) - p) -
                             entropy_weight * p * (Log(p) + step.entropy));
      const float squash = Tanh(step.u[j] / kSlope);
      const float d_u = d_logit * (kRange / kSlope) * (1 - squash * squash);
      for (int i = 0; i < h; ++i) hit[i] = keys[j * h + i] + query[i];
      Tanh(hit.data(), h, hit.data());
      for (int i = 0; i < h; ++i) {
        g[v_ + i] += d_u * hit[i];
        const float d_hit = d_u * theta[v_ + i] * (1 - hit[i] * hit[i]);
        d_query[i] += d_hit;
        d_keys[j * h + i] += d_hit;
      }
    }
    AddOuter(d_query.data(), step.output.data(), h, h, g + w2_);
    AddTransposed(theta + w2_, d_query.data(), h, h, d_output.data());

    // The LSTM's step.
    const float* const gates = step.gates.data();
    Tanh(step.cell.data(), h, squashed.data());
    for (int i = 0; i < h; ++i) {
      const float in = gates[i], forget = gates[h + i], out = gates[2 * h + i],
                  candidate = gates[3 * h + i];
      d_cell[i] += d_output[i] * out * (1 - squashed[i] * squashed[i]);
      d_gates[i] = d_cell[i] * candidate * in * (1 - in);
      d_gates[h + i] = d_cell[i] * cell_before[i] * forget * (1 - forget);
      d_gates[2 * h + i] = d_output[i] * squashed[i] * out * (1 - out);
      d_gates[3 * h + i] = d_cell[i] * in * (1 - candidate * candidate);
      d_cell[i] *= forget;
    }
    for (int i = 0; i < 4 * h; ++i) g[bias_ + i] += d_gates[i];
    AddOuter(d_gates.data(), step.x.data(), 4 * h, h, g + wx_);
    AddOuter(d_gates.data(), output_before.data(), 4 * h, h, g + wh_);
    std::fill(d_x.begin(), d_x.end(), 0);
    AddTransposed(theta + wx_, d_gates.data(), 4 * h, h, d_x.data());
    std::fill(d_output.begin(), d_output.end(), 0);
    AddTransposed(theta + wh_, d_gates.data(), 4 * h, h, d_output.data());
    float* const read = step.input >= 0
                            ? g + embeddings_[step.decision] + step.input * h
                            : g + starts_[step.decision];
    for (int i = 0; i < h; ++i) read[i] += d_x[i];
    if (HasPlaces(step.decision)) {
      float* const place = g + places_[step.decision] + step.place * h;
      for (int i = 0; i < h; ++i) place[i] += d_x[i];
    }
  }
  for (int d = 0; d < space_->num_decisions(); ++d) {
    for (int j = 0; j < Values(d); ++j) {
      const float* const d_key = key_gradients[d].data() + j * h;
      AddOuter(d_key, theta + embeddings_[d] + j * h, h, h, g + w1_);
      AddTransposed(theta + w1_, d_key, h, h, g + embeddings_[d] + j * h);
    }
  }
}

}  // namespace starling
