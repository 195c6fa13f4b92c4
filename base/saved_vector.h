// Vectors in the saved states of strategies, optimisers and controllers.
#ifndef STARLING_BASE_SAVED_VECTOR_H_
#define STARLING_BASE_SAVED_VECTOR_H_

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"

namespace starling {

// Writes `vector` to a repeated field.
template <typename T>
void SaveVector(const Eigen::Matrix<T, Eigen::Dynamic, 1>& vector,
                google::protobuf::RepeatedField<T>* field) {
  field->Assign(vector.data(), vector.data() + vector.size());
}

// Reads what SaveVector wrote. DataLoss, naming the field, unless it holds as
// many numbers as `vector`, all finite; `vector` then stays as it is.
template <typename T>
absl::Status RestoreVector(const google::protobuf::RepeatedField<T>& field,
                           absl::string_view name,
                           Eigen::Matrix<T, Eigen::Dynamic, 1>* vector) {
  if (field.size() != vector->size()) {
    return absl::DataLossError(absl::StrCat("saved ", name, " has ",
                                            field.size(), " elements, not ",
                                            vector->size()));
  }
  for (int i = 0; i < field.size(); ++i) {
    if (!std::isfinite(field[i])) {
      return absl::DataLossError(
          absl::StrCat("saved ", name, "[", i, "] is ", field[i]));
    }
  }
  std::copy(field.begin(), field.end(), vector->data());
  return absl::OkStatus();
}

}  // namespace starling

#endif  // STARLING_BASE_SAVED_VECTOR_H_
