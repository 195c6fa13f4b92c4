#include "policies/node_operation.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/math.h"

namespace starling {
namespace {

constexpr float kLargestExponent = 20;
constexpr float kLargestReciprocal = 10;

}  // namespace

void Apply(v1::NodeOperation operation, int n, float* x) {
  switch (operation) {
    case v1::NODE_TANH:
      return Tanh(x, n, x);
    case v1::NODE_RELU:
      for (int i = 0; i < n; ++i) x[i] = x[i] < 0 ? 0 : x[i];
      return;
    case v1::NODE_SIGMOID:
      return Sigmoid(x, n, x);
    case v1::NODE_IDENTITY:
      return;
    case v1::NODE_EXP:
      for (int i = 0; i < n; ++i) {
        x[i] = x[i] > kLargestExponent ? kLargestExponent : x[i];
      }
      return Exp(x, n, x);
    case v1::NODE_SIN:
      return Sin(x, n, x);
    case v1::NODE_COS:
      return Cos(x, n, x);
    case v1::NODE_ABS:
      for (int i = 0; i < n; ++i) x[i] = std::fabs(x[i]);
      return;
    case v1::NODE_SQUARE:
      for (int i = 0; i < n; ++i) x[i] *= x[i];
      return;
    case v1::NODE_STEP:
      for (int i = 0; i < n; ++i) {
        if (!std::isnan(x[i])) x[i] = x[i] > 0 ? 1 : 0;
      }
      return;
    case v1::NODE_RECIPROCAL:
      for (int i = 0; i < n; ++i) {
        if (std::isnan(x[i])) continue;
        x[i] = std::clamp(1 / x[i], -kLargestReciprocal, kLargestReciprocal);
      }
      return;
  }
  LOG(FATAL) << "unknown operation " << operation;
}

}  // namespace starling
