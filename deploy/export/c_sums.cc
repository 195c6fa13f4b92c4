#include "deploy/export/c_sums.h"

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

constexpr int kLanes = 8;

const char* TypeOf(const v1::Weights& weights) {
  return weights.has_float16()  ? "uint16_t"
         : weights.has_int8()   ? "int8_t"
         : weights.has_shared() ? "uint8_t"
                                : "float";
}

}  // namespace

std::string CWeightAt(const v1::Weights& weights, const std::string& w,
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

std::string CBlockName(const v1::Weights& weights, size_t rows) {
  std::string name = absl::StrCat("sums_of_", rows);
  if (weights.has_float16()) name += "_half";
  if (weights.has_int8()) name += "_int8";
  if (weights.has_shared()) {
    absl::StrAppend(&name, "_shared_", weights.shared().bits());
  }
  return name;
}

std::string CBlockSums(const v1::Weights& weights, size_t rows) {
  const bool is_shared = weights.has_shared();
  const std::string name = CBlockName(weights, rows);
  const std::string type = TypeOf(weights);
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
                        "[j] += ", CWeightAt(weights, "w", "t", at),
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
  absl::StrAppend(&vectors, "  for (j = 0; j < ", rows,
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
        "a", k, " += ", CWeightAt(weights, is_shared ? "w" : "u", "t", at),
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
  return absl::StrCat("\n/* ", rows,
                      " rows of n products, each in eight lanes. */\n"
                      "#if defined(__SSE__) || defined(__ARM_NEON)\n",
                      vectors, "#else\n", scalars, "#endif\n");
}

}  // namespace starling
