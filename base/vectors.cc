#include "base/vectors.h"

namespace starling {
namespace {

const bool kCacheSizesFixed = [] {
  Eigen::setCpuCacheSizes(32 << 10, 256 << 10, 2 << 20);
  return true;
}();

}  // namespace
}  // namespace starling
