#include "deploy/bench/features_bench.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/math_double.h"
#include "base/status.h"
#include "policies/attention/feature_map.h"
#include "policies/attention/kernel_error.h"

namespace starling {
namespace {

// Every kind that has a closed form, with this many projections.
std::vector<v1::FeatureConfig> Configs(int projections) {
  const auto all = static_cast<uint32_t>(projections);
  const uint32_t weights = std::max(1u, all / 8);
  std::vector<v1::FeatureConfig> configs(5);
  configs[0].mutable_trigonometric()->set_m(all);
  configs[1].mutable_positive()->set_m(all);
  configs[1].mutable_positive()->set_epsilon(0);
  configs[2].mutable_hyperbolic()->set_m(all);
  configs[2].mutable_hyperbolic()->set_epsilon(0);
  configs[3].mutable_angular_hybrid()->set_m(all - weights);
  configs[3].mutable_angular_hybrid()->set_n(weights);
  configs[4].mutable_gaussian_hybrid()->set_m(all - weights);
  configs[4].mutable_gaussian_hybrid()->set_n(weights);
  return configs;
}

v1::Projections* ProjectionsOf(v1::FeatureConfig* config) {
  switch (config->kind_case()) {
    case v1::FeatureConfig::kTrigonometric:
      return config->mutable_trigonometric()->mutable_projections();
    case v1::FeatureConfig::kPositive:
      return config->mutable_positive()->mutable_projections();
    case v1::FeatureConfig::kHyperbolic:
      return config->mutable_hyperbolic()->mutable_projections();
    case v1::FeatureConfig::kAngularHybrid:
      return config->mutable_angular_hybrid()->mutable_projections();
    default:
      return config->mutable_gaussian_hybrid()->mutable_projections();
  }
}

// Two vectors of that length with that angle.
struct Pair {
  Pair(int dim, double norm, double angle)
      : query(Eigen::VectorXd::Zero(dim)), key(query) {
    query[0] = norm;
    key[0] = norm * Cos(angle);
    key[1] = norm * Sin(angle);
  }
  Eigen::VectorXd query, key;
};

}  // namespace

absl::StatusOr<FeaturesBench> MeasureFeatures(
    const FeaturesBenchOptions& options) {
  if (options.dim < 2 || options.projections < 2 || options.draws < 2 ||
      !(options.norm > 0) || !(options.norm <= 5)) {
    return absl::InvalidArgumentError(
        "features: needs dim, projections and draws of at least 2, and a norm "
        "in (0, 5]");
  }
  FeaturesBench bench;
  bench.degrees = {0, 15, 30, 60, 90, 120, 150, 165, 180};
  for (const v1::FeatureConfig& config : Configs(options.projections)) {
    FeaturesRow row;
    row.config = config;
    row.kind = FeatureRegistry::KindOf(config);
    std::vector<Pair> pairs;
    for (const double degrees : bench.degrees) {
      const double angle = kPi * degrees / 180;
      pairs.emplace_back(options.dim, options.norm, angle);
      ASSIGN_OR_RETURN(
          const double expected,
          RelativeError(config, options.norm, options.norm, angle));
      row.expected.push_back(expected);
    }
    ASSIGN_OR_RETURN(row.mean, MeanRelativeError(config, options.norm));
    ASSIGN_OR_RETURN(row.worst, WorstRelativeError(config, options.norm));
    for (const bool orthogonal : {false, true}) {
      std::vector<double> squares(pairs.size(), 0.0);
      for (int draw = 0; draw < options.draws; ++draw) {
        v1::FeatureConfig drawn = config;
        ProjectionsOf(&drawn)->set_orthogonal(orthogonal);
        ProjectionsOf(&drawn)->set_seed(draw + 1);
        ASSIGN_OR_RETURN(const auto map, MakeFeatures(drawn, options.dim));
        row.feature_dim = map->feature_dim();
        for (size_t i = 0; i < pairs.size(); ++i) {
          const double kernel = std::exp(pairs[i].query.dot(pairs[i].key));
          const double error =
              map->Estimate(pairs[i].query, pairs[i].key) / kernel - 1;
          squares[i] += error * error;
        }
      }
      for (const double square : squares) {
        (orthogonal ? row.orthogonal : row.independent)
            .push_back(std::sqrt(square / options.draws));
      }
    }
    bench.rows.push_back(std::move(row));
  }
  return bench;
}

std::string FeaturesPicture(const FeaturesBench& bench,
                            const FeaturesBenchOptions& options,
                            const std::string& terminal) {
  // Okabe and Ito's colours, which people with colour blindness tell apart.
  const char* const kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                  "#e69f00"};
  std::string script = absl::StrCat(
      terminal, "\nset title \"Error of the estimate of exp(q . k), ",
      options.projections, " projections, length ", options.norm,
      "\\nline: formula; full: independent rows; hollow: orthogonal\"\nset "
      "xlabel 'angle between q and k, "
      "degrees'\n"
      "set ylabel 'root mean squared error, relative'\n"
      "set xrange [0:180]\nset xtics 30\nset logscale y\nset yrange [1e-3:]\n"
      "set key outside right\nset grid lc rgb '#dddddd'\n");
  std::string plots, data;
  for (size_t i = 0; i < bench.rows.size(); ++i) {
    const FeaturesRow& row = bench.rows[i];
    const char* const colour = kColours[i % 5];
    absl::StrAppend(
        &plots, i == 0 ? "plot " : ", ", "'-' with lines lc rgb '", colour,
        "' lw 2 title '", row.kind, "', '-' with points pt 7 lc rgb '", colour,
        "' title '', '-' with points pt 6 lc rgb '", colour, "' title ''");
    constexpr int kPoints = 180;
    for (int point = 0; point <= kPoints; ++point) {
      const auto error = RelativeError(row.config, options.norm, options.norm,
                                       kPi * point / kPoints);
      absl::StrAppend(&data, 180.0 * point / kPoints, " ",
                      std::max(1e-9, error.ok() ? *error : 0), "\n");
    }
    data += "e\n";
    for (const std::vector<double>* measured :
         {&row.independent, &row.orthogonal}) {
      for (size_t k = 0; k < bench.degrees.size(); ++k) {
        absl::StrAppend(&data, bench.degrees[k], " ",
                        std::max(1e-9, (*measured)[k]), "\n");
      }
      data += "e\n";
    }
  }
  return absl::StrCat(script, plots, "\n", data);
}

}  // namespace starling
