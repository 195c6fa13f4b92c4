#include "workers/student_t.h"

#include <iterator>

#include "base/log.h"

namespace starling {
namespace {

// Of 1, 2, .. degrees of freedom.
constexpr double kSmall[] = {12.706204736, 4.302652730, 3.182446305,
                             2.776445105,  2.570581836, 2.446911851,
                             2.364624252,  2.306004135, 2.262157163,
                             2.228138852,  2.200985160, 2.178812830};

// Coefficients of the Cornish-Fisher expansion in 1 / degrees of freedom, at
// the normal distribution's own quantile ("Handbook of Mathematical Functions",
// 26.7.5). From 13 degrees of freedom on its relative error is below 1e-6.
constexpr double kExpansion[] = {1.959963984540054, 2.372271230298562,
                                 2.822498615739612, 2.555849679507722,
                                 1.589534053393822};

}  // namespace

double StudentT975(int degrees_of_freedom) {
  CHECK_GE(degrees_of_freedom, 1);
  if (degrees_of_freedom <= static_cast<int>(std::size(kSmall))) {
    return kSmall[degrees_of_freedom - 1];
  }
  double quantile = 0;
  for (auto c = std::rbegin(kExpansion); c != std::rend(kExpansion); ++c) {
    quantile = quantile / degrees_of_freedom + *c;
  }
  return quantile;
}

}  // namespace starling
