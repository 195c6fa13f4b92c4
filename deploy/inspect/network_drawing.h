// A network as text and as a picture.
#ifndef STARLING_DEPLOY_INSPECT_NETWORK_DRAWING_H_
#define STARLING_DEPLOY_INSPECT_NETWORK_DRAWING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aggregator/policy_source.h"
#include "policies/live_network.h"

namespace starling {

// A formula a node, in the order of evaluation:
//
//   h3 = tanh(0.42 s2 - 1.3 s7 + 0.1)
//   a0 = 1.21 h3 - 0.4 s4
//
// s: the (normalised) state, h: hidden units by their number, a: what the
// action is made of. theta holds the parameters.
std::string NetworkText(const LiveNetwork& network,
                        absl::Span<const float> theta);

// A picture in SVG: inputs on the left, actions on the right, hidden units
// between, by their distance from the inputs. Edges are blue where they add and
// orange where they subtract, thicker for larger weights. Inputs that nothing
// reads are pale.
std::string NetworkSvg(const LiveNetwork& network,
                       absl::Span<const float> theta);

// The architecture of a policy of a run: what was chosen, what it costs, and
// its network where it is one. With `svg`, NetworkSvg instead; InvalidArgument
// where there is no network to draw.
absl::StatusOr<std::string> DescribeArchitecture(const PolicySnapshot& policy,
                                                 bool svg);

}  // namespace starling

#endif  // STARLING_DEPLOY_INSPECT_NETWORK_DRAWING_H_
