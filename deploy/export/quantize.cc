#include "deploy/export/quantize.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

// Scales that are tried: the largest, and so many smaller ones.
constexpr int kScales = 12;
constexpr double kScaleStep = 0.05;

// What the rows of a layer read: first product of each row and one more, and
// the value of each product.
struct Products {
  std::vector<int> first;
  std::vector<int> values;
};

Products ProductsOf(const v1::NetworkLayer& layer) {
  Products products;
  products.first.push_back(0);
  for (uint32_t row = 0; row < layer.rows(); ++row) {
    if (layer.has_dense()) {
      for (uint32_t i = 0; i < layer.dense().num_values(); ++i) {
        products.values.push_back(
            static_cast<int>(layer.dense().first_value() + i));
      }
    } else {
      const int length =
          static_cast<int>(layer.sparse().row_lengths(static_cast<int>(row)));
      for (int i = 0; i < length; ++i) {
        products.values.push_back(static_cast<int>(
            layer.sparse().values(static_cast<int>(products.values.size()))));
      }
    }
    products.first.push_back(static_cast<int>(products.values.size()));
  }
  return products;
}

int8_t ToByte(float weight, float scale) {
  return static_cast<int8_t>(
      std::clamp(std::lround(weight / scale), -127l, 127l));
}

// Of the row's sum, over what it has read.
double SquaredError(const float* weights, const int* values, int n, float scale,
                    const std::vector<std::vector<float>>& seen) {
  std::vector<float> errors(n);
  for (int p = 0; p < n; ++p) {
    errors[p] =
        scale * static_cast<float>(ToByte(weights[p], scale)) - weights[p];
  }
  double squares = 0;
  for (const std::vector<float>& read : seen) {
    double sum = 0;
    for (int p = 0; p < n; ++p) sum += double{errors[p]} * read[values[p]];
    squares += sum * sum;
  }
  return squares;
}

float BestScale(const float* weights, const int* values, int n,
                const std::vector<std::vector<float>>& seen) {
  float largest = 0;
  for (int p = 0; p < n; ++p)
    largest = std::max(largest, std::fabs(weights[p]));
  // A row of zeros.
  if (largest == 0) return 1;
  float best = largest / 127;
  double least = SquaredError(weights, values, n, best, seen);
  for (int k = 1; k < kScales; ++k) {
    const auto scale = static_cast<float>(largest / 127 * (1 - kScaleStep * k));
    const double error = SquaredError(weights, values, n, scale, seen);
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

absl::Status ToHalves(const std::vector<float>& weights,
                      v1::Weights* quantized) {
  std::string bytes;
  for (const float weight : weights) {
    const uint16_t half = FloatToHalf(weight);
    if (!std::isfinite(HalfToFloat(half))) {
      return absl::InvalidArgumentError(
          absl::StrCat("--quantize fp16: the weight ", weight,
                       " is beyond 65504, the largest that 16 bits hold"));
    }
    bytes += static_cast<char>(half & 0xff);
    bytes += static_cast<char>(half >> 8);
  }
  quantized->mutable_float16()->set_values(std::move(bytes));
  return absl::OkStatus();
}

void ToBytes(const std::vector<float>& weights, const Products& products,
             const std::vector<std::vector<float>>& seen,
             v1::Weights* quantized) {
  v1::Int8Weights int8;
  std::string bytes;
  for (size_t row = 0; row + 1 < products.first.size(); ++row) {
    const int first = products.first[row];
    const int n = products.first[row + 1] - first;
    const float scale = BestScale(weights.data() + first,
                                  products.values.data() + first, n, seen);
    int8.add_scales(scale);
    for (int p = first; p < first + n; ++p) {
      bytes += static_cast<char>(ToByte(weights[p], scale));
    }
  }
  int8.set_values(std::move(bytes));
  *quantized->mutable_int8() = std::move(int8);
}

}  // namespace

const char* NameOf(Quantization quantization) {
  switch (quantization) {
    case Quantization::kNone:
      return "none";
    case Quantization::kFp16:
      return "fp16";
    case Quantization::kInt8:
      return "int8";
  }
  LOG(FATAL) << "unknown quantisation";
  return "";
}

absl::StatusOr<v1::ExportedPolicy> Quantize(
    const v1::ExportedPolicy& model, Quantization quantization,
    const std::vector<Eigen::VectorXf>& states) {
  ASSIGN_OR_RETURN(PortablePolicy policy, PortablePolicy::Create(model));
  v1::ExportedPolicy quantized = model;
  quantized.mutable_provenance()->set_quantization(NameOf(quantization));
  if (quantization == Quantization::kNone) return quantized;

  std::vector<std::vector<float>> seen;
  if (quantization == Quantization::kInt8) {
    Eigen::VectorXf action(policy.action_size());
    for (const Eigen::VectorXf& state : states) {
      policy.Act(state, action);
      seen.push_back(policy.values());
    }
  }
  for (v1::NetworkLayer& layer : *quantized.mutable_layers()) {
    const Products products = ProductsOf(layer);
    ASSIGN_OR_RETURN(const std::vector<float> weights,
                     DecodeWeights(layer.weights(),
                                   static_cast<int64_t>(products.values.size()),
                                   static_cast<int>(layer.rows())));
    if (layer.weights().has_int8()) {
      return absl::InvalidArgumentError("the policy is quantised already");
    }
    if (quantization == Quantization::kFp16) {
      RETURN_IF_ERROR(ToHalves(weights, layer.mutable_weights()));
    } else {
      ToBytes(weights, products, seen, layer.mutable_weights());
    }
  }
  return quantized;
}

}  // namespace starling
