#include "deploy/export/c_math.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace starling {
namespace {

using Layer = v1::NetworkLayer;

constexpr char kBits[] = R"(
static uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

static float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}
)";

constexpr char kApart[] = R"(
/* A loop that gcc does not vectorise once it is part of a larger function. */
#if defined(__GNUC__)
#define APART __attribute__((noinline))
#else
#define APART
#endif
)";

constexpr char kExpParts[] = R"(
/* e^x = y 2^k for |x| <= 104: a sum whose low bits are k, and y. */
static float rounded_of(float x) { return x * 0x1.715476p+0f + 0x1.8p23f; }

static uint32_t exponent_of(float rounded) {
  return bits_of(rounded) - 0x4B400000u;
}

static float fraction_of(float x, float rounded) {
  const float n = rounded - 0x1.8p23f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return 1.0f + (r + (r * r) * p);
}

/* 2^k for k in [-126, 127], modulo 2^32. */
static float pow2_of(uint32_t k) { return float_of((k + 127u) << 23); }

/* a where `is` is 1, b where it is 0, without a branch. */
static uint32_t choice_of(uint32_t is, uint32_t a, uint32_t b) {
  return (a & (0u - is)) | (b & (is - 1u));
}
)";

constexpr char kExp[] = R"(
static float exp_of(float x) {
  const float below = x > 89.0f ? 89.0f : x;
  const float clamped = below < -104.0f ? -104.0f : below;
  const float rounded = rounded_of(clamped);
  const float y = fraction_of(clamped, rounded);
  const uint32_t k = exponent_of(rounded);
  const uint32_t half = ((k + 256u) >> 1) - 128u;
  const float result = y * pow2_of(half) * pow2_of(k - half);
  return x == x ? result : float_of(0x7FC00000u);
}
)";

// Written so that compilers vectorise it: comparisons of sizes are those of
// their bits, choices are masks (of a division, which could trap, gcc makes a
// branch), and nothing is answered through a pointer.
constexpr char kTanh[] = R"(
static float tanh_of(float x) {
  const uint32_t sign = bits_of(x) & 0x80000000u;
  const uint32_t bits = bits_of(x) ^ sign;
  const float size = float_of(bits);
  /* 9.1 */
  const float clamped = float_of(bits > 0x4111999Au ? 0x4111999Au : bits);
  const float twice = clamped + clamped;
  const float rounded = rounded_of(twice);
  const float y = fraction_of(twice, rounded);
  const uint32_t k = exponent_of(rounded);
  const float z = size * size;
  float p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  float near_zero, far;
  uint32_t result;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  near_zero = size + size * (z * p);
  far = 1.0f - 2.0f / (y * pow2_of(k) + 1.0f);
  /* 0.625; beyond infinity is what is not a number. */
  result = choice_of(bits < 0x3F200000u, bits_of(near_zero), bits_of(far));
  return float_of(choice_of(bits > 0x7F800000u, 0x7FC00000u, result | sign));
}
)";

constexpr char kSigmoid[] = R"(
static float sigmoid_of(float x) {
  const uint32_t bits = bits_of(x) & 0x7FFFFFFFu;
  /* 104 */
  const float size = float_of(bits > 0x42D00000u ? 0x42D00000u : bits);
  const float rounded = rounded_of(-size);
  const float y = fraction_of(-size, rounded);
  const uint32_t k = exponent_of(rounded);
  const uint32_t half = ((k + 256u) >> 1) - 128u;
  const float e = y * pow2_of(half) * pow2_of(k - half);
  const uint32_t numerator =
      choice_of(bits_of(x) >> 31, bits_of(e), 0x3F800000u);
  const float result = float_of(numerator) / (1.0f + e);
  return float_of(choice_of(bits > 0x7F800000u, 0x7FC00000u, bits_of(result)));
}
)";

constexpr char kSine[] = R"(
static uint64_t bits_of_double(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

static double double_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

/* sin(x + turns pi / 2) for |x| <= 2^20; beyond, NaN. */
static float sine_of(float angle, uint64_t turns) {
  const double x = angle;
  const double shifted = x * 0.63661977236758134308 + 0x1.8p52;
  const double n = shifted - 0x1.8p52;
  const double r = (x - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34;
  const double z = r * r;
  const uint64_t quadrant = bits_of_double(shifted) + turns;
  const uint64_t swap = 0u - (quadrant & 1u);
  double p = z * (-1.0 / 39916800) + 1.0 / 362880;
  double q = z * (1.0 / 479001600) - 1.0 / 3628800;
  double result;
  p = p * z - 1.0 / 5040;
  p = p * z + 1.0 / 120;
  p = p * z - 1.0 / 6;
  q = q * z + 1.0 / 40320;
  q = q * z - 1.0 / 720;
  q = q * z + 1.0 / 24;
  q = q * z - 0.5;
  result = double_of(((bits_of_double(r * (1.0 + z * p)) & ~swap) |
                      (bits_of_double(1.0 + z * q) & swap)) ^
                     ((quadrant & 2u) << 62));
  return (x < 0 ? -x : x) <= 0x1p20 ? (float)result : float_of(0x7FC00000u);
}
)";

// What an element becomes; x[i] is read and written.
const char* Body(Layer::Operation operation) {
  switch (operation) {
    case Layer::TANH:
      return "x[i] = tanh_of(x[i]);";
    case Layer::RELU:
      return "x[i] = x[i] < 0 ? 0 : x[i];";
    case Layer::SIGMOID:
      return "x[i] = sigmoid_of(x[i]);";
    case Layer::EXP:
      return "x[i] = exp_of(x[i] > 20.0f ? 20.0f : x[i]);";
    case Layer::SIN:
      return "x[i] = sine_of(x[i], 0);";
    case Layer::COS:
      return "x[i] = sine_of(x[i], 1);";
    case Layer::ABS:
      return "x[i] = float_of(bits_of(x[i]) & 0x7FFFFFFFu);";
    case Layer::SQUARE:
      return "x[i] = x[i] * x[i];";
    case Layer::STEP:
      return "x[i] = x[i] == x[i] ? (x[i] > 0 ? 1.0f : 0.0f) : x[i];";
    case Layer::RECIPROCAL:
      return "const float y = 1 / x[i];\n"
             "    x[i] = y < -10.0f ? -10.0f : y > 10.0f ? 10.0f : y;";
    default:
      return "";
  }
}

}  // namespace

std::string COperationName(Layer::Operation operation) {
  return absl::AsciiStrToLower(Layer::Operation_Name(operation));
}

std::string CMath(const std::set<Layer::Operation>& operations) {
  const auto any = [&operations](std::initializer_list<Layer::Operation> some) {
    for (const Layer::Operation operation : some) {
      if (operations.contains(operation)) return true;
    }
    return false;
  };
  const bool has_sine = any({Layer::SIN, Layer::COS});
  std::string code;
  const bool has_exp = any({Layer::EXP, Layer::SIGMOID, Layer::TANH});
  if (has_exp || has_sine || any({Layer::ABS})) code += kBits;
  if (has_exp) code += kExpParts;
  if (any({Layer::EXP})) code += kExp;
  if (any({Layer::TANH})) code += kTanh;
  if (any({Layer::SIGMOID})) code += kSigmoid;
  if (has_sine) code += kSine;
  if (any({Layer::TANH, Layer::RELU, Layer::SIGMOID, Layer::EXP, Layer::SIN,
           Layer::COS, Layer::ABS, Layer::SQUARE, Layer::STEP,
           Layer::RECIPROCAL})) {
    code += kApart;
  }
  for (const Layer::Operation operation : operations) {
    if (operation == Layer::IDENTITY) continue;
    absl::StrAppend(&code, "\nAPART static void apply_",
                    COperationName(operation),
                    "(float *x, int n) {\n  int i;\n"
                    "  for (i = 0; i < n; ++i) {\n    ",
                    Body(operation), "\n  }\n}\n");
  }
  return code;
}

}  // namespace starling
