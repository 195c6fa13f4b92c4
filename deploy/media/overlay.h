// What a policy looks at, drawn over what it sees.
#ifndef STARLING_DEPLOY_MEDIA_OVERLAY_H_
#define STARLING_DEPLOY_MEDIA_OVERLAY_H_

#include <cstdint>

#include "base/observation.h"
#include "policies/gaze.h"

namespace starling {

// Paints rgb [height, width, 3]: the frame, as large as fits above a strip of
// an eighth of the height. Over it votes as heat, on a logarithmic scale from
// blue (fewest) to yellow (most), and the picks: the more votes the whiter,
// with their ranks where there is room. In the strip a histogram of the votes,
// the picks' share of it in white. An image of one channel is grey; of those of
// a stack the first three are shown.
void DrawOverlay(const ImageView& frame, const Gaze& gaze, int height,
                 int width, uint8_t* rgb);

}  // namespace starling

#endif  // STARLING_DEPLOY_MEDIA_OVERLAY_H_
