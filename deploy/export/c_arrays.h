// The constants of exported C.
#ifndef STARLING_DEPLOY_EXPORT_C_ARRAYS_H_
#define STARLING_DEPLOY_EXPORT_C_ARRAYS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace starling {

// A float that a compiler reads back as the same bits. C99 has no literal for
// infinity: a bound that is none becomes the largest float.
std::string CLiteral(float x);

// Static arrays, one after the other.
class CArrays {
 public:
  void AddFloats(const std::string& name, const std::vector<float>& values);
  // Of the smallest unsigned type that holds them all; at least one.
  void AddIntegers(const std::string& name,
                   const std::vector<uint32_t>& values);
  void AddHalves(const std::string& name, const std::vector<uint16_t>& values);
  void AddSignedBytes(const std::string& name, absl::string_view bytes);
  void AddBytes(const std::string& name, absl::string_view bytes);

  const std::string& text() const { return text_; }
  // Of memory that they take.
  int64_t bytes() const { return bytes_; }

 private:
  void Add(const std::string& type, int size, const std::string& name,
           const std::vector<std::string>& values);

  std::string text_;
  int64_t bytes_ = 0;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_C_ARRAYS_H_
