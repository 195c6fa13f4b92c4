#include "deploy/inspect/network_drawing.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/human.h"
#include "base/status.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int kColumnWidth = 260, kRowHeight = 26, kMargin = 60, kRadius = 9;
constexpr char kAdds[] = "#0072b2", kSubtracts[] = "#d55e00";

std::string Name(const LiveNetwork& network, int node) {
  if (node < network.num_inputs) return absl::StrCat("s", node);
  const int first_output =
      network.nodes[network.nodes.size() - network.num_outputs].node;
  return node >= first_output ? absl::StrCat("a", node - first_output)
                              : absl::StrCat("h", node - network.num_inputs);
}

// "tanh" of NODE_TANH.
std::string OperationName(v1::NodeOperation operation) {
  return absl::AsciiStrToLower(v1::NodeOperation_Name(operation).substr(5));
}

// " + 0.42 s2": with the sign, except of the first.
void AddTerm(float weight, const std::string& name, std::string* sum) {
  const std::string size = absl::StrFormat("%.3g", std::abs(weight));
  const bool is_negative = std::signbit(weight);
  if (sum->empty()) {
    absl::StrAppend(sum, is_negative ? "-" : "");
  } else {
    absl::StrAppend(sum, is_negative ? " - " : " + ");
  }
  absl::StrAppend(sum, size, name.empty() ? "" : " ", name);
}

// Which column and row each node is drawn at.
struct Place {
  int column, row;
  int x() const { return kMargin + column * kColumnWidth; }
  int y() const { return kMargin + row * kRowHeight; }
};

std::map<int, Place> PlacesOf(const LiveNetwork& network) {
  std::map<int, int> column;
  int last = 1;
  for (int i = 0; i < network.num_inputs; ++i) column[i] = 0;
  const size_t first_output = network.nodes.size() - network.num_outputs;
  for (size_t i = 0; i < first_output; ++i) {
    const LiveNetwork::Node& node = network.nodes[i];
    for (const LiveNetwork::Edge& edge : node.edges) {
      column[node.node] = std::max(column[node.node], column[edge.from] + 1);
    }
    last = std::max(last, column[node.node] + 1);
  }
  for (size_t i = first_output; i < network.nodes.size(); ++i) {
    column[network.nodes[i].node] = last;
  }
  std::map<int, int> rows;
  std::map<int, Place> places;
  for (const auto& [node, c] : column) places[node] = {c, rows[c]++};
  // Columns are centred.
  int most = 0;
  for (const auto& [c, n] : rows) most = std::max(most, n);
  for (auto& [node, place] : places) {
    place.row += (most - rows[place.column]) / 2;
  }
  return places;
}

}  // namespace

std::string NetworkText(const LiveNetwork& network,
                        absl::Span<const float> theta) {
  std::string text;
  for (const LiveNetwork::Node& node : network.nodes) {
    std::string sum;
    for (const LiveNetwork::Edge& edge : node.edges) {
      AddTerm(theta[edge.weight], Name(network, edge.from), &sum);
    }
    if (node.bias >= 0) AddTerm(theta[node.bias], "", &sum);
    if (sum.empty()) absl::StrAppend(&sum, "0");
    absl::StrAppend(
        &text, Name(network, node.node), " = ",
        node.operation == v1::NODE_IDENTITY
            ? sum
            : absl::StrCat(OperationName(node.operation), "(", sum, ")"),
        "\n");
  }
  return text;
}

std::string NetworkSvg(const LiveNetwork& network,
                       absl::Span<const float> theta) {
  const std::map<int, Place> places = PlacesOf(network);
  int width = 0, height = 0;
  for (const auto& [node, place] : places) {
    width = std::max(width, place.x() + kMargin);
    height = std::max(height, place.y() + kMargin);
  }
  float largest = 0;
  std::set<int> read;
  for (const LiveNetwork::Node& node : network.nodes) {
    read.insert(node.node);
    for (const LiveNetwork::Edge& edge : node.edges) {
      read.insert(edge.from);
      largest = std::max(largest, std::abs(theta[edge.weight]));
    }
  }
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, height);
  for (const LiveNetwork::Node& node : network.nodes) {
    for (const LiveNetwork::Edge& edge : node.edges) {
      const Place from = places.at(edge.from), to = places.at(node.node);
      const float weight = theta[edge.weight];
      absl::StrAppendFormat(
          &svg,
          "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" "
          "stroke-width=\"%.2f\"><title>%s to %s: %.4g</title></line>\n",
          from.x(), from.y(), to.x(), to.y(), weight < 0 ? kSubtracts : kAdds,
          0.6 + 3.4 * std::abs(weight) / std::max(largest, 1e-9f),
          Name(network, edge.from), Name(network, node.node), weight);
    }
  }
  std::map<int, v1::NodeOperation> operations;
  for (const LiveNetwork::Node& node : network.nodes) {
    operations[node.node] = node.operation;
  }
  for (const auto& [node, place] : places) {
    const bool is_pale = read.count(node) == 0;
    absl::StrAppendFormat(
        &svg,
        "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"%s\" stroke=\"%s\"/>\n",
        place.x(), place.y(), kRadius, is_pale ? "#f4f4f4" : "white",
        is_pale ? "#cccccc" : "black");
    std::string label = Name(network, node);
    const auto operation = operations.find(node);
    if (operation != operations.end() &&
        operation->second != v1::NODE_IDENTITY) {
      absl::StrAppend(&label, " ", OperationName(operation->second));
    }
    const bool is_left = place.column == 0;
    absl::StrAppendFormat(
        &svg,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n",
        place.x() + (is_left ? -kRadius - 4 : kRadius + 4), place.y() + 4,
        is_left ? "end" : "start", is_pale ? "#aaaaaa" : "black", label);
  }
  absl::StrAppend(&svg, "</svg>\n");
  return svg;
}

absl::StatusOr<std::string> DescribeArchitecture(const PolicySnapshot& policy,
                                                 bool svg) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Policy> made,
      PolicyRegistry::Make(policy.experiment.policy(), policy.env_spec));
  RETURN_IF_ERROR(made->SetArchitecture(policy.architecture));
  const LiveNetwork* const network = made->network();
  if (svg) {
    if (network == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy.", PolicyRegistry::KindOf(policy.experiment.policy()),
          " is no network of single edges: there is nothing to "
          "draw"));
    }
    return NetworkSvg(*network, policy.mean);
  }
  const PolicyCost cost = made->Cost();
  std::string text = absl::StrCat(
      "generation     ", policy.generation, "\nparameters     ",
      cost.weights + cost.biases, " (", cost.weights, " weights, ", cost.biases,
      " biases) of ", HumanCount(made->num_parameters()), "\nmultiply-adds  ",
      cost.multiply_adds, "\nbits           ", HumanCount(cost.bits), "\n");
  if (!policy.architecture.encoding().empty()) {
    ASSIGN_OR_RETURN(const Choices choices,
                     made->search_space().Decode(policy.architecture));
    absl::StrAppend(&text, "architecture   ",
                    made->search_space().Text(choices), "\n");
  }
  if (network != nullptr) {
    absl::StrAppend(&text, "\n", NetworkText(*network, policy.mean));
  }
  return text;
}

}  // namespace starling
