// What a network computes, node by node: for people who look at it, and for
// exports.
#ifndef STARLING_POLICIES_LIVE_NETWORK_H_
#define STARLING_POLICIES_LIVE_NETWORK_H_

#include <vector>

#include "proto/policy.pb.h"

namespace starling {

struct LiveNetwork {
  struct Edge {
    int from;
    int to;
    int weight;  // index in theta
  };
  // operation(bias + sum of weight * value of `from`).
  struct Node {
    int node;  // its number
    v1::NodeOperation operation;
    int bias;  // index in theta, -1: none
    std::vector<Edge> edges;
  };

  // Nodes 0 .. num_inputs - 1 are the state's coordinates.
  int num_inputs = 0;
  int num_outputs = 0;
  // In the order of evaluation; the outputs last, all of them, in their order.
  std::vector<Node> nodes;
};

}  // namespace starling

#endif  // STARLING_POLICIES_LIVE_NETWORK_H_
