#include "deploy/export/c_source.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/export/c_arrays.h"
#include "deploy/export/c_header.h"
#include "deploy/export/c_math.h"
#include "deploy/export/c_sums.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

using Layer = v1::NetworkLayer;

class Writer {
 public:
  Writer(const v1::ExportedPolicy& model, const std::string& name)
      : model_(model), name_(name) {}

  CSource Write() {
    num_values_ = model_.contract().observations_size();
    for (const Layer& layer : model_.layers()) {
      num_values_ += static_cast<int>(layer.rows());
    }
    Whitening();
    first_row_ = model_.contract().observations_size();
    for (int i = 0; i < model_.layers_size(); ++i) {
      NextLayer(i, model_.layers(i));
      first_row_ += static_cast<int>(model_.layers(i).rows());
    }
    Head();
    CSource out;
    out.data_bytes = arrays_.bytes();
    code_bytes_ += kFrameCode + (uses_half_ ? kHalfCode : 0) +
                   (uses_packed_ ? kPackedCode : 0) + MathCode();
    out.flash_bytes = arrays_.bytes() + code_bytes_;
    out.stack_bytes = kFrameStack + 4 * num_values_ +
                      kOperationStack * static_cast<int>(operations_.size());
    out.header = CHeader(model_, name_, out);
    out.source = Source();
    return out;
  }

 private:
  // Bytes of machine code, at most: what gcc 12 makes of each part for a
  // Cortex-M4 or M7 with -Os or -O2, rounded up. And of stack besides values.
  static constexpr int kFrameCode = 96, kFrameStack = 136, kOperationStack = 8;
  static constexpr int kWhiteningCode = 112, kHeadCode = 112;
  static constexpr int kSparseCode = 112, kDenseCode = 112, kRowsCode = 48;
  static constexpr int kBlockCode = 304, kBlockHalfCode = 432,
                       kBlockInt8Code = 368, kBlockSharedCode = 832;
  static constexpr int kHalfCode = 64, kPackedCode = 112;

  int MathCode() const {
    int bytes = 0;
    const bool has_exp = operations_.contains(Layer::EXP) ||
                         operations_.contains(Layer::SIGMOID) ||
                         operations_.contains(Layer::TANH);
    if (has_exp) bytes += 192;
    for (const Layer::Operation operation : operations_) {
      switch (operation) {
        case Layer::TANH:
          bytes += 288;
          break;
        case Layer::SIGMOID:
        case Layer::EXP:
        case Layer::SIN:
        case Layer::COS:
          bytes += 192;
          break;
        case Layer::IDENTITY:
          break;
        default:
          bytes += 64;
      }
    }
    return bytes;
  }

  // Rows that are summed at once.
  static constexpr size_t kBlock = 8;

  void Whitening() {
    const int n = model_.contract().observations_size();
    if (n == 0) return;
    if (model_.whitening().mean_size() == 0) {
      absl::StrAppend(&act_, "  memcpy(v, state, ", n, " * sizeof(float));\n");
      return;
    }
    code_bytes_ += kWhiteningCode;
    const v1::Whitening& whitening = model_.whitening();
    arrays_.AddFloats("mean",
                      {whitening.mean().begin(), whitening.mean().end()});
    arrays_.AddFloats("scale",
                      {whitening.scale().begin(), whitening.scale().end()});
    absl::StrAppend(&act_, "  for (i = 0; i < ", n, "; ++i) {\n");
    if (whitening.clip() == 0) {
      absl::StrAppend(&act_, "    v[i] = (state[i] - mean[i]) * scale[i];\n");
    } else {
      const std::string clip = CLiteral(whitening.clip());
      absl::StrAppend(&act_,
                      "    const float y = (state[i] - mean[i]) * scale[i];\n"
                      "    const float cut = y > ",
                      clip, " ? ", clip, " : y;\n    v[i] = cut < -", clip,
                      " ? -", clip, " : cut;\n");
    }
    act_ += "  }\n";
    uses_i_ = true;
  }

  // Writes the weights of a layer as `w<i>`, in this order of its products, and
  // what they need. A table's indices keep theirs.
  void WeightArrays(int i, const Layer& layer,
                    const std::vector<size_t>& order) {
    const std::string name = absl::StrCat("w", i);
    const v1::Weights& weights = layer.weights();
    switch (weights.form_case()) {
      case v1::Weights::kFloat32: {
        std::vector<float> values;
        for (const size_t p : order) {
          values.push_back(weights.float32().values(static_cast<int>(p)));
        }
        arrays_.AddFloats(name, values);
        return;
      }
      case v1::Weights::kFloat16: {
        const std::string& bytes = weights.float16().values();
        std::vector<uint16_t> halves;
        for (const size_t p : order) {
          halves.push_back(static_cast<uint16_t>(
              static_cast<uint8_t>(bytes[2 * p]) |
              static_cast<uint8_t>(bytes[2 * p + 1]) << 8));
        }
        arrays_.AddHalves(name, halves);
        uses_half_ = true;
        return;
      }
      case v1::Weights::kInt8: {
        std::string bytes;
        for (const size_t p : order) bytes += weights.int8().values()[p];
        arrays_.AddSignedBytes(name, bytes);
        const auto& scales = weights.int8().scales();
        arrays_.AddFloats(absl::StrCat("s", i), {scales.begin(), scales.end()});
        return;
      }
      case v1::Weights::kShared: {
        const v1::SharedWeights& shared = weights.shared();
        arrays_.AddFloats(absl::StrCat("t", i),
                          {shared.table().begin(), shared.table().end()});
        // Two more bytes to read.
        arrays_.AddBytes(name, shared.indices() + std::string(2, '\0'));
        uses_packed_ = true;
        return;
      }
      case v1::Weights::FORM_NOT_SET:
        break;
    }
    LOG(FATAL) << "a layer without weights";
  }

  void NextLayer(int i, const Layer& layer) {
    const int rows = static_cast<int>(layer.rows());
    const std::string row = absl::StrCat("v[", first_row_, " + r]");
    absl::StrAppend(&act_, "\n");
    if (layer.offsets_size() > 0) {
      arrays_.AddFloats(absl::StrCat("b", i),
                        {layer.offsets().begin(), layer.offsets().end()});
    }
    const bool has_products = layer.has_dense()
                                  ? layer.dense().num_values() > 0
                                  : layer.sparse().values_size() > 0;
    const std::string offset =
        layer.offsets_size() > 0 ? absl::StrCat("b", i, "[r]") : "0.0f";
    code_bytes_ += !has_products       ? kRowsCode
                   : layer.has_dense() ? kDenseCode
                                       : kSparseCode;
    if (!has_products) {
      uses_r_ = true;
      absl::StrAppend(&act_, "  for (r = 0; r < ", rows, "; ++r) ", row, " = ",
                      offset, ";\n");
    } else if (layer.has_dense()) {
      Dense(i, layer, row);
    } else {
      Sparse(i, layer, row, offset);
    }
    operations_.insert(layer.operation());
    if (layer.operation() != Layer::IDENTITY) {
      absl::StrAppend(&act_, "  apply_", COperationName(layer.operation()),
                      "(v + ", first_row_, ", ", rows, ");\n");
    }
  }

  // The sums of up to eight rows at a time, in vectors over the rows.
  void Dense(int i, const Layer& layer, const std::string& row) {
    const size_t rows = layer.rows();
    const size_t n = layer.dense().num_values();
    const bool is_shared = layer.weights().has_shared();
    // Block by block, value by value, row by row.
    std::vector<size_t> order;
    for (size_t first = 0; first < rows; first += kBlock) {
      for (size_t k = 0; k < n; ++k) {
        for (size_t r = first; r < std::min(rows, first + kBlock); ++r) {
          order.push_back(r * n + k);
        }
      }
    }
    WeightArrays(i, layer, order);
    const std::string in =
        absl::StrCat("v + ", layer.dense().first_value(), ", ", n);
    const auto call = [&](size_t block, const std::string& first) {
      const std::string out = absl::StrCat("v + ", first_row_, " + ", first);
      if (is_shared) {
        return absl::StrCat(BlockSums(layer.weights(), block), "(w", i, ", t",
                            i, ", ", first, " * ", n, ", ", in, ", ", out,
                            ");\n");
      }
      return absl::StrCat(BlockSums(layer.weights(), block), "(w", i, " + ",
                          first, " * ", n, ", ", in, ", ", out, ");\n");
    };
    const size_t whole = rows / kBlock * kBlock;
    if (whole > 0) {
      uses_r_ = true;
      absl::StrAppend(&act_, "  for (r = 0; r < ", whole, "; r += ", kBlock,
                      ") {\n    ", call(kBlock, "r"), "  }\n");
    }
    if (whole < rows) {
      absl::StrAppend(&act_, "  ", call(rows - whole, absl::StrCat(whole)));
    }
    std::string sum = row;
    if (layer.weights().has_int8()) sum = absl::StrCat("s", i, "[r] * ", sum);
    if (layer.offsets_size() > 0) sum = absl::StrCat("b", i, "[r] + ", sum);
    if (sum != row) {
      uses_r_ = true;
      absl::StrAppend(&act_, "  for (r = 0; r < ", rows, "; ++r) ", row, " = ",
                      sum, ";\n");
    }
  }

  // The name of the function that sums so many rows; written when first asked
  // for.
  std::string BlockSums(const v1::Weights& weights, size_t rows) {
    std::string name = CBlockName(weights, rows);
    if (!block_sums_.insert(name).second) return name;
    functions_ += CBlockSums(weights, rows);
    code_bytes_ += weights.has_float16()  ? kBlockHalfCode
                   : weights.has_int8()   ? kBlockInt8Code
                   : weights.has_shared() ? kBlockSharedCode
                                          : kBlockCode;
    return name;
  }

  void Sparse(int i, const Layer& layer, const std::string& row,
              const std::string& offset) {
    const int rows = static_cast<int>(layer.rows());
    const auto& lengths = layer.sparse().row_lengths();
    const auto& values = layer.sparse().values();
    const bool is_int8 = layer.weights().has_int8();
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    WeightArrays(i, layer, order);
    const std::string weight = CWeightAt(layer.weights(), absl::StrCat("w", i),
                                         absl::StrCat("t", i), "p");
    arrays_.AddIntegers(absl::StrCat("n", i), {lengths.begin(), lengths.end()});
    arrays_.AddIntegers(absl::StrCat("x", i), {values.begin(), values.end()});
    absl::StrAppend(
        &act_, "  p = 0;\n  for (r = 0; r < ", rows,
        "; ++r) {\n    const int end = p + n", i,
        "[r];\n    float sum = ", is_int8 ? "0.0f" : offset,
        ";\n    for (; p < end; ++p) sum += ", weight, " * v[x", i,
        "[p]];\n    ", row, " = ",
        is_int8 ? absl::StrCat(offset, " + s", i, "[r] * sum") : "sum",
        ";\n  }\n");
    uses_p_ = uses_r_ = true;
  }

  void Head() {
    const v1::OutputHead& head = model_.head();
    const Layer& last = model_.layers(model_.layers_size() - 1);
    const int rows = static_cast<int>(last.rows());
    const int first = num_values_ - rows;
    code_bytes_ += kHeadCode;
    act_ += "\n";
    if (head.kind() == v1::OutputHead::CHOICE) {
      absl::StrAppend(&act_, "  k = 0;\n  for (i = 0; i < ", rows,
                      "; ++i) {\n    if (v[", first, " + i] > v[", first,
                      " + k]) k = i;\n    if (v[", first, " + i] != v[", first,
                      " + i]) is_nan = 1;\n  }\n"
                      "  action[0] = is_nan ? nan_of_policy() : (float)k;\n");
      uses_i_ = uses_k_ = uses_nan_ = true;
      return;
    }
    if (std::all_of(head.low().begin(), head.low().end(),
                    [](float x) { return x == -HUGE_VALF; }) &&
        std::all_of(head.high().begin(), head.high().end(),
                    [](float x) { return x == HUGE_VALF; })) {
      absl::StrAppend(&act_, "  memcpy(action, v + ", first, ", ", rows,
                      " * sizeof(float));\n");
      return;
    }
    arrays_.AddFloats("low", {head.low().begin(), head.low().end()});
    arrays_.AddFloats("high", {head.high().begin(), head.high().end()});
    uses_i_ = true;
    if (head.kind() == v1::OutputHead::TANH) {
      operations_.insert(Layer::TANH);
      absl::StrAppend(
          &act_, "  apply_tanh(v + ", first, ", ", rows,
          ");\n  for (i = 0; i < ", rows, "; ++i) {\n    const float t = v[",
          first,
          " + i];\n    const float half = 0.5f * high[i] - 0.5f * low[i];\n"
          "    action[i] =\n        t > 0 ? high[i] - half * (1 - t) : low[i] "
          "+ half * (1 + t);\n  }\n");
      return;
    }
    absl::StrAppend(&act_, "  for (i = 0; i < ", rows,
                    "; ++i) {\n    const float y = v[", first,
                    " + i];\n    const float cut = y > high[i] ? high[i] : y;\n"
                    "    action[i] = cut < low[i] ? low[i] : cut;\n  }\n");
  }

  std::string Source() const {
    std::string text = absl::StrCat(
        "#include \"", name_,
        ".h\"\n\n#include <stdint.h>\n#include <string.h>\n\n"
        "#if defined(__clang__)\n#pragma STDC FP_CONTRACT OFF\n#endif\n");
    absl::StrAppend(&text, "\n", arrays_.text(), CMath(operations_));
    if (uses_half_) {
      text += R"(
/* The float of the same value. */
static float half_of(uint16_t half) {
  const uint32_t bits = (uint32_t)(half & 0x7FFFu) << 13;
  float size;
  memcpy(&size, &bits, sizeof(size));
  size *= 0x1p112f;
  return (half & 0x8000u) != 0 ? -size : size;
}
)";
    }
    if (uses_packed_) {
      text += R"(
/* Number i of numbers of at most 16 bits, the lowest bits of a byte first. Reads
 * up to two bytes more than it needs. */
static uint32_t packed_of(const uint8_t *bytes, int i, int bits) {
  const uint8_t *at = bytes + i * bits / 8;
  const uint32_t word =
      at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
  return word >> (i * bits % 8) & ((1u << bits) - 1u);
}
)";
    }
    if (uses_nan_) {
      text += R"(
static float nan_of_policy(void) {
  const uint32_t bits = 0x7FC00000u;
  float nan;
  memcpy(&nan, &bits, sizeof(nan));
  return nan;
}
)";
    }
    text += functions_;
    absl::StrAppend(&text, "\n", CSignature(name_), " {\n  float v[",
                    num_values_, "];\n");
    std::vector<std::string> counters;
    if (uses_i_) counters.push_back("i");
    if (uses_k_) counters.push_back("k");
    if (uses_p_) counters.push_back("p");
    if (uses_r_) counters.push_back("r");
    if (!counters.empty()) {
      absl::StrAppend(&text, "  int ", absl::StrJoin(counters, ", "), ";\n");
    }
    if (uses_nan_) text += "  int is_nan = 0;\n";
    if (model_.contract().observations_size() == 0) text += "  (void)state;\n";
    absl::StrAppend(&text, act_, "}\n");
    return text;
  }

  const v1::ExportedPolicy& model_;
  const std::string name_;
  int num_values_ = 0;
  int first_row_ = 0;
  CArrays arrays_;
  std::string functions_;
  std::string act_;
  std::set<Layer::Operation> operations_;
  std::set<std::string> block_sums_;
  bool uses_i_ = false, uses_k_ = false, uses_p_ = false, uses_r_ = false;
  bool uses_half_ = false, uses_packed_ = false, uses_nan_ = false;
  int64_t code_bytes_ = 0;
};

}  // namespace

absl::StatusOr<CSource> WriteC(const v1::ExportedPolicy& model,
                               const std::string& name) {
  RETURN_IF_ERROR(PortablePolicy::Create(model).status());
  return Writer(model, name).Write();
}

std::string CIdentifier(const std::string& text) {
  std::string identifier;
  for (const char c : text) {
    identifier += absl::ascii_isalnum(c) ? absl::ascii_tolower(c) : '_';
  }
  if (identifier.empty() || absl::ascii_isdigit(identifier[0])) {
    identifier.insert(0, "policy_");
  }
  return identifier;
}

}  // namespace starling
