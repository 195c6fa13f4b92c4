#include "deploy/export/c_source.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
    out.stack_bytes = stack_bytes_ + 4 * num_values_;
    out.header = Header(out);
    out.source = Source();
    return out;
  }

 private:
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

  // Writes the weights of a layer as `w<i>`; answers how product `p` reads one.
  std::string WeightOf(int i, const Layer& layer, const std::string& p) {
    const std::string name = absl::StrCat("w", i);
    const v1::Weights& weights = layer.weights();
    switch (weights.form_case()) {
      case v1::Weights::kFloat32: {
        const auto& values = weights.float32().values();
        Floats(name, {values.begin(), values.end()});
        return absl::StrCat(name, "[", p, "]");
      }
      case v1::Weights::kFloat16: {
        const std::string& bytes = weights.float16().values();
        std::vector<uint32_t> halves;
        for (size_t k = 0; k + 1 < bytes.size(); k += 2) {
          halves.push_back(static_cast<uint8_t>(bytes[k]) |
                           static_cast<uint8_t>(bytes[k + 1]) << 8);
        }
        Array("uint16_t", 2, name, halves,
              [](uint32_t half) { return absl::StrCat(half); });
        uses_half_ = true;
        return absl::StrCat("half_of(", name, "[", p, "])");
      }
      case v1::Weights::kInt8: {
        const std::string& bytes = weights.int8().values();
        Array("int8_t", 1, name, bytes, [](char byte) {
          return absl::StrCat(static_cast<int>(static_cast<int8_t>(byte)));
        });
        const auto& scales = weights.int8().scales();
        Floats(absl::StrCat("s", i), {scales.begin(), scales.end()});
        return absl::StrCat("(float)", name, "[", p, "]");
      }
      case v1::Weights::kShared: {
        const v1::SharedWeights& shared = weights.shared();
        Floats(absl::StrCat("t", i),
               {shared.table().begin(), shared.table().end()});
        Array("uint8_t", 1, name, shared.indices(), [](char byte) {
          return absl::StrCat(static_cast<int>(static_cast<uint8_t>(byte)));
        });
        uses_packed_ = true;
        return absl::StrCat("t", i, "[packed_of(", name, ", ", p, ", ",
                            shared.bits(), ")]");
      }
      case v1::Weights::FORM_NOT_SET:
        break;
    }
    LOG(FATAL) << "a layer without weights";
    return "";
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
    if (!has_products) {
      absl::StrAppend(&act_, "  for (r = 0; r < ", rows, "; ++r) ", row, " = ",
                      offset, ";\n");
    } else if (layer.has_dense()) {
      Dense(i, layer, row);
    } else {
      Sparse(i, layer, row, offset);
    }
    uses_r_ = true;
    operations_.insert(layer.operation());
    if (layer.operation() != Layer::IDENTITY) {
      absl::StrAppend(&act_, "  apply_", COperationName(layer.operation()),
                      "(v + ", first_row_, ", ", rows, ");\n");
    }
  }

  void Dense(int i, const Layer& layer, const std::string& row) {
    const int rows = static_cast<int>(layer.rows());
    const int n = static_cast<int>(layer.dense().num_values());
    const std::string whole = absl::StrCat(n / 8 * 8);
    const std::string weight =
        WeightOf(i, layer, absl::StrCat("r * ", n, " + i + k"));
    const std::string value =
        absl::StrCat("v[", layer.dense().first_value(), " + i + k]");
    std::string sum =
        "((lane[0] + lane[4]) + (lane[2] + lane[6])) +\n"
        "          ((lane[1] + lane[5]) + (lane[3] + lane[7]))";
    if (layer.weights().has_int8()) {
      sum = absl::StrCat("s", i, "[r] * (", sum, ")");
    } else {
      sum = absl::StrCat("(", sum, ")");
    }
    if (layer.offsets_size() > 0) sum = absl::StrCat("b", i, "[r] + ", sum);
    absl::StrAppend(&act_, "  for (r = 0; r < ", rows, "; ++r) {\n");
    act_ += "    float lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};\n";
    if (n >= 8) {
      absl::StrAppend(&act_, "    for (i = 0; i < ", whole,
                      "; i += 8) {\n      for (k = 0; k < 8; ++k) lane[k] += ",
                      weight, " * ", value, ";\n    }\n");
      uses_i_ = true;
    }
    if (n % 8 > 0) {
      const auto at_end = [&](const std::string& text) {
        return absl::StrReplaceAll(text,
                                   {{"i + k", absl::StrCat(whole, " + k")}});
      };
      absl::StrAppend(&act_, "    for (k = 0; k < ", n % 8,
                      "; ++k) lane[k] += ", at_end(weight), " * ",
                      at_end(value), ";\n");
    }
    absl::StrAppend(&act_, "    ", row, " = ", sum, ";\n  }\n");
    uses_k_ = true;
    stack_bytes_ = std::max<int64_t>(stack_bytes_, 32);
  }

  void Sparse(int i, const Layer& layer, const std::string& row,
              const std::string& offset) {
    const int rows = static_cast<int>(layer.rows());
    const auto& lengths = layer.sparse().row_lengths();
    const auto& values = layer.sparse().values();
    const bool is_int8 = layer.weights().has_int8();
    const std::string weight = WeightOf(i, layer, "p");
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
    uses_p_ = true;
  }

  void Head() {
    const v1::OutputHead& head = model_.head();
    const Layer& last = model_.layers(model_.layers_size() - 1);
    const int rows = static_cast<int>(last.rows());
    const int first = num_values_ - rows;
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
      absl::StrAppend(&text, " *   [", i++, "] ", channel.name());
      if (!channel.unit().empty()) absl::StrAppend(&text, ", ", channel.unit());
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
        "/* A controller, made by Starling ", from.starling_version(), " from ",
        from.experiment(), ", seed ", from.seed(), ", generation ",
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
        "you send.\n *\n * Memory: ",
        sizes.data_bytes, " bytes of constants, ", sizes.stack_bytes,
        " bytes of values on the stack,\n * no heap, nothing that is kept "
        "between calls. Safe to call from any thread.\n * Compile without "
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
/* Number i of numbers of so many bits, the lowest bits of a byte first. */
static uint32_t packed_of(const uint8_t *bytes, int i, int bits) {
  uint32_t number = 0;
  int bit;
  for (bit = 0; bit < bits; ++bit) {
    const int at = i * bits + bit;
    number |= ((uint32_t)(bytes[at / 8] >> (at % 8)) & 1u) << bit;
  }
  return number;
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
    absl::StrAppend(&text, "\n", Signature(), " {\n  float v[", num_values_,
                    "];\n");
    std::vector<std::string> counters;
    if (uses_i_) counters.push_back("i");
    if (uses_k_) counters.push_back("k");
    if (uses_p_) counters.push_back("p");
    if (uses_r_) counters.push_back("r");
    absl::StrAppend(&text, "  int ", absl::StrJoin(counters, ", "), ";\n");
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
  std::string act_;
  std::set<Layer::Operation> operations_;
  bool uses_i_ = false, uses_k_ = false, uses_p_ = false, uses_r_ = false;
  bool uses_half_ = false, uses_packed_ = false, uses_nan_ = false;
  int64_t data_bytes_ = 0;
  int64_t stack_bytes_ = 0;
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
