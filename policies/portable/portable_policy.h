// A policy as it was exported: acts on raw observations as the policy that it
// was made of does, bit for bit (at float weights), whatever kind that was.
//
// What the robot's runtime links. Loading 100,000 weights takes less than a
// millisecond. Not thread-safe: owns its buffers.
#ifndef STARLING_POLICIES_PORTABLE_PORTABLE_POLICY_H_
#define STARLING_POLICIES_PORTABLE_PORTABLE_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/vectors.h"
#include "policies/action_head.h"
#include "policies/normalizer.h"
#include "proto/model.pb.h"
#include "proto/policy.pb.h"

namespace starling {

class PortablePolicy {
 public:
  // Of ExportedPolicy.
  static constexpr uint32_t kFormatVersion = 1;
  // Weights, and values of all layers.
  static constexpr int64_t kMaxSize = 1 << 26;

  // Checks all that it will ever read. InvalidArgument, naming the field, for
  // what makes no sense; FailedPrecondition: a newer format.
  static absl::StatusOr<PortablePolicy> Create(const v1::ExportedPolicy& model);

  int state_size() const { return state_size_; }
  int action_size() const { return head_.action_size(); }

  // Weights and offsets, layer by layer: [num_parameters()] each.
  int num_parameters() const;
  Eigen::VectorXf parameters() const;
  void SetParameters(ConstVectorRef parameters);
  int64_t num_products() const;

  // The state's coordinates, whitened, then the rows of all layers: as the last
  // Act left them.
  const std::vector<float>& values() const { return values_; }

  // A new episode begins.
  void Reset() {}
  // Raw state [state_size] -> action [action_size]. NaN where it can't act. No
  // allocation, lock or exception.
  void Act(ConstVectorRef state, VectorRef action);

 private:
  struct Layer {
    int rows;
    v1::NodeOperation operation;
    bool is_dense;
    // Dense: the values that all rows read.
    int first_value, num_values;
    // Sparse: first product of each row, and one more.
    std::vector<int> first_product;
    std::vector<int> values;
    // Of each product; of int8, the bytes.
    std::vector<float> weights;
    // [rows] each, or empty.
    std::vector<float> scales, offsets;
  };

  PortablePolicy(ActionHead head, int state_size)
      : head_(std::move(head)), state_size_(state_size) {}

  static absl::StatusOr<Layer> MakeLayer(const v1::NetworkLayer& layer,
                                         int num_values);

  ActionHead head_;
  int state_size_;
  std::optional<Normalizer> normalizer_;
  std::vector<Layer> layers_;
  // The state's coordinates, then the rows of all layers.
  std::vector<float> values_;
};

// Each weight as the float that it stands for, without an int8's scale.
// InvalidArgument: not `count` of them, or of `rows` rows.
absl::StatusOr<std::vector<float>> DecodeWeights(const v1::Weights& weights,
                                                 int64_t count, int rows);

// A binary16 and the float of the same value; and the nearest binary16, ties to
// even, infinite beyond 65504.
float HalfToFloat(uint16_t half);
uint16_t FloatToHalf(float value);

}  // namespace starling

#endif  // STARLING_POLICIES_PORTABLE_PORTABLE_POLICY_H_
