#include "deploy/export/c_source.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/export/c_math.h"
#include "policies/portable/portable_policy.h"

namespace starling {
namespace {

using Layer = v1::NetworkLayer;

// Text as it may stand in a comment: whoever wrote it can't end that, nor begin
// another.
std::string InComment(absl::string_view text) {
  std::string safe;
  for (const char c : text) {
    const char before = safe.empty() ? ' ' : safe.back();
    const bool is_mark =
        (before == '*' && c == '/') || (before == '/' && c == '*');
    safe += is_mark || c == '\\' || !absl::ascii_isprint(c) ? ' ' : c;
  }
  return safe;
}

// A float that a compiler reads back as the same bits. C99 has no literal for
// infinity: a bound that is none becomes the largest float.
std::string Literal(float x) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::string digits =
      absl::StrFormat("%.9g", std::clamp(x, -kLargest, kLargest));
  const bool is_whole = digits.find_first_of(".e") == std::string::npos;
  return absl::StrCat(digits, is_whole ? ".0f" : "f");
}

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
    out.data_bytes = data_bytes_;
    code_bytes_ += kFrameCode + (uses_half_ ? kHalfCode : 0) +
                   (uses_packed_ ? kPackedCode : 0) + MathCode();
    out.flash_bytes = data_bytes_ + code_bytes_;
    out.stack_bytes = kFrameStack + 4 * num_values_ +
                      kOperationStack * static_cast<int>(operations_.size());
    out.header = Header(out);
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

  // Rows that are summed at once, and lanes of a sum.
  static constexpr size_t kBlock = 8;
  static constexpr int kLanes = 8;

  // A static array; its size is counted.
  template <typename Values, typename ToText>
  void Array(const std::string& type, int bytes, const std::string& name,
             const Values& values, ToText to_text) {
    absl::StrAppend(&data_, "static const ", type, " ", name, "[",
                    values.size(), "] = {");
    std::string line = "\n   ";
    for (const auto& value : values) {
      const std::string text = absl::StrCat(" ", to_text(value), ",");
      if (line.size() + text.size() > 80) {
        absl::StrAppend(&data_, line);
        line = "\n   ";
      }
      line += text;
    }
    absl::StrAppend(&data_, line, "\n};\n");
    data_bytes_ += bytes * static_cast<int64_t>(values.size());
  }
  void Floats(const std::string& name, const std::vector<float>& values) {
    Array("float", 4, name, values, Literal);
  }
  // Of the smallest type that holds them.
  void Integers(const std::string& name, const std::vector<uint32_t>& values) {
    const uint32_t largest = *std::max_element(values.begin(), values.end());
    const char* const type = largest < 256     ? "uint8_t"
                             : largest < 65536 ? "uint16_t"
                                               : "uint32_t";
    Array(type,
          largest < 256     ? 1
          : largest < 65536 ? 2
                            : 4,
          name, values, [](uint32_t value) { return absl::StrCat(value); });
  }

  void Whitening() {
    const int n = model_.contract().observations_size();
    if (n == 0) return;
    if (model_.whitening().mean_size() == 0) {
      absl::StrAppend(&act_, "  memcpy(v, state, ", n, " * sizeof(float));\n");
      return;
    }
    code_bytes_ += kWhiteningCode;
    const v1::Whitening& whitening = model_.whitening();
    Floats("mean", {whitening.mean().begin(), whitening.mean().end()});
    Floats("scale", {whitening.scale().begin(), whitening.scale().end()});
    absl::StrAppend(&act_, "  for (i = 0; i < ", n, "; ++i) {\n");
    if (whitening.clip() == 0) {
      absl::StrAppend(&act_, "    v[i] = (state[i] - mean[i]) * scale[i];\n");
    } else {
      const std::string clip = Literal(whitening.clip());
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
        Floats(name, values);
        return;
      }
      case v1::Weights::kFloat16: {
        const std::string& bytes = weights.float16().values();
        std::vector<uint32_t> halves;
        for (const size_t p : order) {
          halves.push_back(static_cast<uint8_t>(bytes[2 * p]) |
                           static_cast<uint8_t>(bytes[2 * p + 1]) << 8);
        }
        Array("uint16_t", 2, name, halves,
              [](uint32_t half) { return absl::StrCat(half); });
        uses_half_ = true;
        return;
      }
      case v1::Weights::kInt8: {
        std::string bytes;
        for (const size_t p : order) bytes += weights.int8().values()[p];
        Array("int8_t", 1, name, bytes, [](char byte) {
          return absl::StrCat(static_cast<int>(static_cast<int8_t>(byte)));
        });
        const auto& scales = weights.int8().scales();
        Floats(absl::StrCat("s", i), {scales.begin(), scales.end()});
        return;
      }
      case v1::Weights::kShared: {
        const v1::SharedWeights& shared = weights.shared();
        Floats(absl::StrCat("t", i),
               {shared.table().begin(), shared.table().end()});
        // Two more bytes to read.
        const std::string padded = shared.indices() + std::string(2, '\0');
        Array("uint8_t", 1, name, padded, [](char byte) {
          return absl::StrCat(static_cast<int>(static_cast<uint8_t>(byte)));
        });
        uses_packed_ = true;
        return;
      }
      case v1::Weights::FORM_NOT_SET:
        break;
    }
    LOG(FATAL) << "a layer without weights";
  }

  // How weight `p` of array `w` is read.
  static std::string WeightAt(const v1::Weights& weights, const std::string& w,
                              const std::string& table, const std::string& p) {
    switch (weights.form_case()) {
      case v1::Weights::kFloat16:
        return absl::StrCat("half_of(", w, "[", p, "])");
      case v1::Weights::kInt8:
        return absl::StrCat("(float)", w, "[", p, "]");
      case v1::Weights::kShared:
        return absl::StrCat(table, "[packed_of(", w, ", ", p, ", ",
                            weights.shared().bits(), ")]");
      default:
        return absl::StrCat(w, "[", p, "]");
    }
  }

  void NextLayer(int i, const Layer& layer) {
    const int rows = static_cast<int>(layer.rows());
    const std::string row = absl::StrCat("v[", first_row_, " + r]");
    absl::StrAppend(&act_, "\n");
    if (layer.offsets_size() > 0) {
      Floats(absl::StrCat("b", i),
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

  // The name of a function that sums so many rows; written when first asked
  // for. For one form of weights a policy has one table's width at most.
  std::string BlockSums(const v1::Weights& weights, size_t rows) {
    const bool is_shared = weights.has_shared();
    std::string name = absl::StrCat("sums_of_", rows);
    std::string type = "float";
    if (weights.has_float16()) {
      name += "_half";
      type = "uint16_t";
    } else if (weights.has_int8()) {
      name += "_int8";
      type = "int8_t";
    } else if (is_shared) {
      absl::StrAppend(&name, "_shared_", weights.shared().bits());
      type = "uint8_t";
    }
    if (!block_sums_.insert(name).second) return name;
    const std::string signature =
        absl::StrCat("static void ", name, "(const ", type, " *w, ",
                     is_shared ? "const float *t, int p, " : "",
                     "const float *x, int n,\n    float *y) {\n  int i, j;\n");
    // Where the machine has vectors: all rows at once, lane by lane.
    std::string vectors = signature;
    for (int k = 0; k < kLanes; ++k) {
      absl::StrAppend(&vectors, "  float a", k, "[", rows, "] = {0};\n");
    }
    const auto add = [&](int k) {
      const std::string at = is_shared ? absl::StrCat("p + j * n + i + ", k)
                                       : absl::StrCat(k * rows, " + j");
      return absl::StrCat("for (j = 0; j < ", rows, "; ++j) a", k,
                          "[j] += ", WeightAt(weights, "w", "t", at),
                          " * x[i + ", k, "];\n");
    };
    vectors += "  for (i = 0; i + 8 <= n; i += 8) {\n";
    for (int k = 0; k < kLanes; ++k) {
      absl::StrAppend(&vectors, "    ", add(k));
    }
    if (!is_shared) {
      absl::StrAppend(&vectors, "    w += ", kLanes * rows, ";\n");
    }
    vectors += "  }\n";
    for (int k = 0; k + 1 < kLanes; ++k) {
      absl::StrAppend(&vectors, "  if (n % 8 > ", k, ") {\n    ", add(k),
                      "  }\n");
    }
    absl::StrAppend(
        &vectors, "  for (j = 0; j < ", rows,
        "; ++j) {\n    y[j] = ((a0[j] + a4[j]) + (a2[j] + a6[j])) +\n"
        "        ((a1[j] + a5[j]) + (a3[j] + a7[j]));\n  }\n}\n");
    // Elsewhere: row by row, the lanes in registers.
    std::string scalars = absl::StrCat(
        signature, "  for (j = 0; j < ", rows, "; ++j) {\n",
        is_shared ? "" : absl::StrCat("    const ", type, " *u = w + j;\n"),
        "    float a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 "
        "= 0;\n    for (i = 0; i + 8 <= n; i += 8) {\n");
    const auto add_one = [&](int k) {
      const std::string at = is_shared ? absl::StrCat("p + j * n + i + ", k)
                                       : absl::StrCat(k * rows);
      return absl::StrCat(
          "a", k, " += ", WeightAt(weights, is_shared ? "w" : "u", "t", at),
          " * x[i + ", k, "];\n");
    };
    for (int k = 0; k < kLanes; ++k) {
      absl::StrAppend(&scalars, "      ", add_one(k));
    }
    if (!is_shared) {
      absl::StrAppend(&scalars, "      u += ", kLanes * rows, ";\n");
    }
    scalars += "    }\n";
    for (int k = 0; k + 1 < kLanes; ++k) {
      absl::StrAppend(&scalars, "    if (n % 8 > ", k, ") ", add_one(k));
    }
    scalars +=
        "    y[j] = ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7));\n"
        "  }\n}\n";
    absl::StrAppend(&functions_, "\n/* ", rows,
                    " rows of n products, each in eight lanes. */\n"
                    "#if defined(__SSE__) || defined(__ARM_NEON)\n",
                    vectors, "#else\n", scalars, "#endif\n");
    code_bytes_ += weights.has_float16() ? kBlockHalfCode
                   : weights.has_int8()  ? kBlockInt8Code
                   : is_shared           ? kBlockSharedCode
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
    const std::string weight = WeightAt(layer.weights(), absl::StrCat("w", i),
                                        absl::StrCat("t", i), "p");
    Integers(absl::StrCat("n", i), {lengths.begin(), lengths.end()});
    Integers(absl::StrCat("x", i), {values.begin(), values.end()});
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
    Floats("low", {head.low().begin(), head.low().end()});
    Floats("high", {head.high().begin(), head.high().end()});
    uses_i_ = true;
    if (head.kind() == v1::OutputHead::TANH) {
      operations_.insert(Layer::TANH);
      absl::StrAppend(
          &act_, "  apply_tanh(v + ", first, ", ", rows,
          ");\n  for (i = 0; i < ", rows, "; ++i) {\n    const float t = v[",
          first,
          " + i];\n    const float half = 0.5f * high[i] - 0.5f * low[i];\n"
          "    action[i] =\n        t > 0 ? high[i] - half * (1 - t) : low[i] "
          "+ "
          "half * (1 + t);\n  }\n");
      return;
    }
    absl::StrAppend(&act_, "  for (i = 0; i < ", rows,
                    "; ++i) {\n    const float y = v[", first,
                    " + i];\n    const float cut = y > high[i] ? high[i] : y;\n"
                    "    action[i] = cut < low[i] ? low[i] : cut;\n  }\n");
  }

  static std::string Channels(
      const google::protobuf::RepeatedPtrField<v1::Channel>& channels,
      bool has_bounds) {
    std::string text;
    int i = 0;
    for (const v1::Channel& channel : channels) {
      absl::StrAppend(&text, " *   [", i++, "] ", InComment(channel.name()));
      if (!channel.unit().empty())
        absl::StrAppend(&text, ", ", InComment(channel.unit()));
      if (has_bounds) {
        absl::StrAppend(&text, ", in [", channel.low(), ", ", channel.high(),
                        "]");
      }
      text += "\n";
    }
    return text;
  }

  std::string Header(const CSource& sizes) const {
    const std::string upper = absl::AsciiStrToUpper(name_);
    const v1::Contract& contract = model_.contract();
    const v1::Provenance& from = model_.provenance();
    return absl::StrCat(
        "/* A controller, made by Starling ",
        InComment(from.starling_version()), " from ",
        InComment(from.experiment()), ", seed ", from.seed(), ", generation ",
        from.generation(), ".\n *\n * state, in this order, raw:\n",
        Channels(contract.observations(), false),
        " *\n * action, ready for the actuators:\n",
        Channels(contract.actions(), contract.num_choices() == 0),
        contract.control_period_s() > 0
            ? absl::StrCat(" *\n * One action every ",
                           contract.control_period_s(), " s.\n")
            : "",
        " *\n * Normalisation, scaling and bounds are inside. A state that is "
        "not finite can\n * give an action that is not a number: check what "
        "you send.\n *\n * Memory, on a Cortex-M4 or M7 with gcc at -Os or "
        "-O2: "
        "at most ",
        sizes.flash_bytes, " bytes of\n * flash, of which ", sizes.data_bytes,
        " are constants, and ", sizes.stack_bytes,
        " bytes of stack. No other RAM, no\n * heap, nothing that is kept "
        "between calls: safe to call from any thread.\n * Compile without "
        "contraction of floating-point expressions "
        "(-ffp-contract=off).\n */\n#ifndef ",
        upper, "_H_\n#define ", upper, "_H_\n\n#define ", upper, "_STATE_SIZE ",
        contract.observations_size(), "\n#define ", upper, "_ACTION_SIZE ",
        contract.actions_size(),
        "\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", Signature(),
        ";\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
  }

  std::string Signature() const {
    return absl::StrCat("void ", name_,
                        "_act(const float *state, float *action)");
  }

  std::string Source() const {
    std::string text = absl::StrCat(
        "#include \"", name_,
        ".h\"\n\n#include <stdint.h>\n#include <string.h>\n\n"
        "#if defined(__clang__)\n#pragma STDC FP_CONTRACT OFF\n#endif\n");
    absl::StrAppend(&text, "\n", data_, CMath(operations_));
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
    absl::StrAppend(&text, "\n", Signature(), " {\n  float v[", num_values_,
                    "];\n");
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
  std::string data_;
  std::string functions_;
  std::string act_;
  std::set<Layer::Operation> operations_;
  std::set<std::string> block_sums_;
  bool uses_i_ = false, uses_k_ = false, uses_p_ = false, uses_r_ = false;
  bool uses_half_ = false, uses_packed_ = false, uses_nan_ = false;
  int64_t data_bytes_ = 0;
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
