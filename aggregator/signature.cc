#include "aggregator/signature.h"

#include <bit>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/status.h"

namespace starling {
namespace {

// The lowest byte first, whatever the machine.
template <typename Unsigned>
void Append(Unsigned number, std::string* bytes) {
  for (size_t i = 0; i < sizeof(number); ++i) {
    bytes->push_back(static_cast<char>(number & 0xff));
    number = static_cast<Unsigned>(number >> 8);
  }
}

absl::StatusOr<std::string> SignatureOf(
    const v1::Checkpoint& checkpoint,
    const google::protobuf::RepeatedField<float>& mean,
    const v1::Moments& proto, const std::string& controller_state) {
  const absl::Span<const float> numbers(mean.data(), mean.size());
  if (!checkpoint.experiment().normalizer().enabled()) {
    return Signature(numbers, nullptr, controller_state);
  }
  // Before the first observation some write zeros and some write nothing: both
  // read as zeros.
  const absl::StatusOr<Moments> moments = Moments::FromProto(
      proto, static_cast<int>(checkpoint.env_spec().state_size()));
  if (!moments.ok()) {
    return absl::DataLossError(
        absl::StrCat("the normaliser's moments: ", moments.status().message()));
  }
  return Signature(numbers, &*moments, controller_state);
}

}  // namespace

std::string Signature(absl::Span<const float> mean, const Moments* moments,
                      absl::string_view controller_state) {
  std::string bytes;
  bytes.reserve(4 * mean.size() + 64);
  Append(static_cast<uint64_t>(mean.size()), &bytes);
  for (const float x : mean) Append(std::bit_cast<uint32_t>(x), &bytes);
  const int size = moments == nullptr ? 0 : moments->size();
  Append(static_cast<uint64_t>(size), &bytes);
  for (int i = 0; i < size; ++i) {
    Append(moments->count(), &bytes);
    Append(static_cast<unsigned __int128>(moments->sum(i)), &bytes);
    Append(moments->sum_of_squares(i), &bytes);
  }
  Append(static_cast<uint64_t>(controller_state.size()), &bytes);
  bytes.append(controller_state.data(), controller_state.size());
  return Hex(Sha256(bytes));
}

absl::StatusOr<std::string> LastSignature(const v1::Checkpoint& checkpoint) {
  return SignatureOf(checkpoint, checkpoint.state().distribution().mean(),
                     checkpoint.state().moments(),
                     checkpoint.search().controller());
}

absl::StatusOr<std::string> BestSignature(const v1::Checkpoint& checkpoint) {
  if (!checkpoint.has_best()) {
    return absl::NotFoundError(
        "there is no best policy yet: none has been evaluated");
  }
  return SignatureOf(checkpoint, checkpoint.best().mean(),
                     checkpoint.best().moments(), "");
}

}  // namespace starling
