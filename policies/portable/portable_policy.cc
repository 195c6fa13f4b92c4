#include "policies/portable/portable_policy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/linalg.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/node_operation.h"

namespace starling {
namespace {

template <typename Numbers>
bool AllFinite(const Numbers& numbers) {
  return std::all_of(numbers.begin(), numbers.end(),
                     [](float x) { return std::isfinite(x); });
}

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("exported policy: ", what));
}

}  // namespace

float HalfToFloat(uint16_t half) {
  // Exact: the exponent is moved by multiplication, denormals included.
  const uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  value *= 0x1p112f;
  if ((half & 0x7c00) == 0x7c00) {
    value = (half & 0x3ff) != 0 ? std::nanf("") : HUGE_VALF;
  }
  return (half & 0x8000) != 0 ? -value : value;
}

uint16_t FloatToHalf(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float size = std::fabs(value);
  if (std::isnan(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  // Below 2^-14 the spacing is 2^-24: let the addition round to it.
  if (size < 0x1p-14f) {
    const float shifted = size + 0.5f;
    uint32_t bits;
    std::memcpy(&bits, &shifted, sizeof(bits));
    return sign | static_cast<uint16_t>(bits - 0x3f000000u);
  }
  uint32_t bits;
  std::memcpy(&bits, &size, sizeof(bits));
  bits += 0xfffu + ((bits >> 13) & 1);
  return sign | static_cast<uint16_t>((bits - 0x38000000u) >> 13);
}

absl::StatusOr<std::vector<float>> DecodeWeights(const v1::Weights& weights,
                                                 int64_t count, int rows) {
  const auto wrong_number = [count](int64_t got) {
    return Wrong(
        absl::StrCat("a layer has ", got, " weights for ", count, " products"));
  };
  std::vector<float> decoded;
  decoded.reserve(count);
  switch (weights.form_case()) {
    case v1::Weights::kFloat32: {
      const auto& values = weights.float32().values();
      if (values.size() != count) return wrong_number(values.size());
      decoded.assign(values.begin(), values.end());
      break;
    }
    case v1::Weights::kFloat16: {
      const std::string& bytes = weights.float16().values();
      if (static_cast<int64_t>(bytes.size()) != 2 * count) {
        return wrong_number(static_cast<int64_t>(bytes.size() / 2));
      }
      for (int64_t i = 0; i < count; ++i) {
        const auto low = static_cast<uint8_t>(bytes[2 * i]);
        const auto high = static_cast<uint8_t>(bytes[2 * i + 1]);
        decoded.push_back(HalfToFloat(static_cast<uint16_t>(low | high << 8)));
      }
      break;
    }
    case v1::Weights::kInt8: {
      const std::string& bytes = weights.int8().values();
      if (static_cast<int64_t>(bytes.size()) != count) {
        return wrong_number(static_cast<int64_t>(bytes.size()));
      }
      if (weights.int8().scales_size() != rows ||
          !AllFinite(weights.int8().scales())) {
        return Wrong(absl::StrCat("a layer of ", rows,
                                  " rows needs as many finite scales, got ",
                                  weights.int8().scales_size()));
      }
      for (const char byte : bytes) {
        decoded.push_back(static_cast<float>(static_cast<int8_t>(byte)));
      }
      break;
    }
    case v1::Weights::kShared: {
      const v1::SharedWeights& shared = weights.shared();
      const uint32_t bits = shared.bits();
      const std::string& packed = shared.indices();
      if (bits > 16 ||
          static_cast<int64_t>(packed.size()) != (count * bits + 7) / 8) {
        return Wrong(absl::StrCat(count, " indices of ", bits, " bits in ",
                                  packed.size(), " bytes"));
      }
      for (int64_t i = 0; i < count; ++i) {
        uint32_t index = 0;
        for (uint32_t bit = 0; bit < bits; ++bit) {
          const int64_t at = i * bits + bit;
          index |= ((static_cast<uint8_t>(packed[at / 8]) >> (at % 8)) & 1u)
                   << bit;
        }
        if (index >= static_cast<uint32_t>(shared.table_size())) {
          return Wrong(absl::StrCat("index ", index, " into a table of ",
                                    shared.table_size(), " weights"));
        }
        decoded.push_back(shared.table(static_cast<int>(index)));
      }
      break;
    }
    case v1::Weights::FORM_NOT_SET:
      return Wrong("a layer has no weights");
  }
  if (!AllFinite(decoded)) return Wrong("a weight is not finite");
  return decoded;
}

absl::StatusOr<PortablePolicy::Layer> PortablePolicy::MakeLayer(
    const v1::NetworkLayer& layer, int num_values) {
  if (layer.rows() < 1 || layer.rows() > kMaxSize) {
    return Wrong(absl::StrCat("a layer has ", layer.rows(), " rows"));
  }
  if (!v1::NodeOperation_IsValid(static_cast<int>(layer.operation()))) {
    return Wrong(absl::StrCat("unknown operation ",
                              static_cast<int>(layer.operation())));
  }
  Layer made = {.rows = static_cast<int>(layer.rows()),
                .operation = static_cast<v1::NodeOperation>(layer.operation()),
                .is_dense = layer.has_dense(),
                .first_value = 0,
                .num_values = 0,
                .first_product = {},
                .values = {},
                .weights = {},
                .scales = {},
                .offsets = {}};
  int64_t num_products = 0;
  if (layer.has_dense()) {
    const v1::DenseInputs& dense = layer.dense();
    if (int64_t{dense.first_value()} + dense.num_values() > num_values) {
      return Wrong(
          absl::StrCat("a layer reads values ", dense.first_value(), " to ",
                       int64_t{dense.first_value()} + dense.num_values(),
                       " of ", num_values));
    }
    made.first_value = static_cast<int>(dense.first_value());
    made.num_values = static_cast<int>(dense.num_values());
    num_products = int64_t{made.rows} * made.num_values;
  } else if (layer.has_sparse()) {
    const v1::SparseInputs& sparse = layer.sparse();
    if (sparse.row_lengths_size() != made.rows) {
      return Wrong(absl::StrCat("a layer of ", made.rows, " rows has ",
                                sparse.row_lengths_size(), " lengths"));
    }
    made.first_product.reserve(made.rows + 1);
    made.first_product.push_back(0);
    for (const uint32_t length : sparse.row_lengths()) {
      num_products += length;
      if (num_products > sparse.values_size()) break;
      made.first_product.push_back(static_cast<int>(num_products));
    }
    if (num_products != sparse.values_size()) {
      return Wrong(absl::StrCat("rows that sum ", num_products,
                                " products read ", sparse.values_size(),
                                " values"));
    }
    made.values.reserve(num_products);
    for (const uint32_t value : sparse.values()) {
      if (value >= static_cast<uint32_t>(num_values)) {
        return Wrong(
            absl::StrCat("a row reads value ", value, " of ", num_values));
      }
      made.values.push_back(static_cast<int>(value));
    }
  } else {
    return Wrong("a layer reads nothing that is known");
  }
  if (num_products > kMaxSize) {
    return Wrong(absl::StrCat("a layer has ", num_products,
                              " products; at most ", kMaxSize));
  }
  ASSIGN_OR_RETURN(made.weights,
                   DecodeWeights(layer.weights(), num_products, made.rows));
  const auto& scales = layer.weights().int8().scales();
  made.scales.assign(scales.begin(), scales.end());
  if (layer.offsets_size() != 0 && layer.offsets_size() != made.rows) {
    return Wrong(absl::StrCat("a layer of ", made.rows, " rows has ",
                              layer.offsets_size(), " offsets"));
  }
  if (!AllFinite(layer.offsets())) return Wrong("an offset is not finite");
  made.offsets.assign(layer.offsets().begin(), layer.offsets().end());
  return made;
}

absl::StatusOr<PortablePolicy> PortablePolicy::Create(
    const v1::ExportedPolicy& model) {
  if (model.format_version() > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("exported policy: format ", model.format_version(),
                     " is newer than this program's ", kFormatVersion,
                     "; use the Starling that wrote it"));
  }
  if (model.format_version() == 0) return Wrong("it has no format version");
  const v1::Contract& contract = model.contract();
  const int state_size = contract.observations_size();
  ASSIGN_OR_RETURN(ActionHead head, ActionHead::FromExport(
                                        model.head(), contract.num_choices()));
  if (contract.actions_size() != head.action_size()) {
    return Wrong(absl::StrCat("the contract names ", contract.actions_size(),
                              " actions, the model has ", head.action_size()));
  }
  for (int i = 0; i < head.action_size(); ++i) {
    if (contract.actions(i).low() != model.head().low(i) ||
        contract.actions(i).high() != model.head().high(i)) {
      return Wrong(absl::StrCat(
          "action ", contract.actions(i).name(), " is in [",
          contract.actions(i).low(), ", ", contract.actions(i).high(),
          "] by the contract and in [", model.head().low(i), ", ",
          model.head().high(i), "] by the model"));
    }
  }
  PortablePolicy policy(std::move(head), state_size);
  if (model.whitening().mean_size() > 0) {
    const v1::Whitening& whitening = model.whitening();
    if (whitening.mean_size() != state_size ||
        whitening.scale_size() != state_size || !AllFinite(whitening.mean()) ||
        !AllFinite(whitening.scale()) || !(whitening.clip() >= 0) ||
        std::isinf(whitening.clip())) {
      return Wrong(absl::StrCat("whitening of ", whitening.mean_size(),
                                " coordinates where the contract names ",
                                state_size, " observations, or not finite"));
    }
    policy.normalizer_.emplace(
        Eigen::Map<const Eigen::VectorXf>(whitening.mean().data(), state_size),
        Eigen::Map<const Eigen::VectorXf>(whitening.scale().data(), state_size),
        whitening.clip() > 0 ? whitening.clip() : HUGE_VALF);
  }
  int64_t num_values = state_size;
  for (const v1::NetworkLayer& layer : model.layers()) {
    ASSIGN_OR_RETURN(policy.layers_.emplace_back(),
                     MakeLayer(layer, static_cast<int>(num_values)));
    num_values += layer.rows();
    if (num_values > kMaxSize) {
      return Wrong(absl::StrCat("more than ", kMaxSize, " values"));
    }
  }
  if (policy.layers_.empty() ||
      policy.layers_.back().rows != policy.head_.raw_size()) {
    return Wrong(absl::StrCat("the last layer must have the ",
                              policy.head_.raw_size(),
                              " rows that the head reads"));
  }
  policy.values_.assign(num_values, 0);
  return policy;
}

int PortablePolicy::num_parameters() const {
  size_t number = 0;
  for (const Layer& layer : layers_) {
    number += layer.weights.size() + layer.offsets.size();
  }
  return static_cast<int>(number);
}

int64_t PortablePolicy::num_products() const {
  size_t number = 0;
  for (const Layer& layer : layers_) number += layer.weights.size();
  return static_cast<int64_t>(number);
}

Eigen::VectorXf PortablePolicy::parameters() const {
  Eigen::VectorXf parameters(num_parameters());
  float* next = parameters.data();
  for (const Layer& layer : layers_) {
    next = std::copy(layer.weights.begin(), layer.weights.end(), next);
    next = std::copy(layer.offsets.begin(), layer.offsets.end(), next);
  }
  return parameters;
}

void PortablePolicy::SetParameters(ConstVectorRef parameters) {
  CHECK_EQ(parameters.size(), num_parameters());
  const float* next = parameters.data();
  for (Layer& layer : layers_) {
    std::copy_n(next, layer.weights.size(), layer.weights.begin());
    next += layer.weights.size();
    std::copy_n(next, layer.offsets.size(), layer.offsets.begin());
    next += layer.offsets.size();
  }
}

void PortablePolicy::Act(ConstVectorRef state, VectorRef action) {
  Eigen::Map<Eigen::VectorXf> seen(values_.data(), state_size_);
  if (normalizer_.has_value()) {
    normalizer_->Apply(state, seen);
  } else {
    seen = state;
  }
  float* rows = values_.data() + state_size_;
  for (const Layer& layer : layers_) {
    const bool has_offsets = !layer.offsets.empty();
    const bool is_scaled = !layer.scales.empty();
    if (layer.is_dense) {
      Gemv(layer.weights.data(), values_.data() + layer.first_value, layer.rows,
           layer.num_values, /*accumulate=*/false, rows);
      for (int r = 0; is_scaled && r < layer.rows; ++r) {
        rows[r] *= layer.scales[r];
      }
      for (int r = 0; has_offsets && r < layer.rows; ++r) {
        rows[r] = layer.offsets[r] + rows[r];
      }
    } else {
      for (int r = 0; r < layer.rows; ++r) {
        const float offset = has_offsets ? layer.offsets[r] : 0;
        float sum = is_scaled ? 0 : offset;
        for (int p = layer.first_product[r]; p < layer.first_product[r + 1];
             ++p) {
          sum += layer.weights[p] * values_[layer.values[p]];
        }
        rows[r] = is_scaled ? offset + layer.scales[r] * sum : sum;
      }
    }
    Apply(layer.operation, layer.rows, rows);
    rows += layer.rows;
  }
  const int raw_size = head_.raw_size();
  head_.Apply(Eigen::Map<const Eigen::VectorXf>(rows - raw_size, raw_size),
              action);
}

}  // namespace starling
