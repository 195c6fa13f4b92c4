// Architectures as bytes.
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/log.h"
#include "base/search_space.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr uint8_t kVersion = 1;
// Larger sets are written as gaps.
constexpr int kMaxBitmap = 4096;

// Packs numbers, the low bit of each first.
class BitWriter {
 public:
  explicit BitWriter(std::string* bytes) : bytes_(bytes) {}
  void Write(uint32_t value, int bits) {
    for (int i = 0; i < bits; ++i) {
      if (used_ % 8 == 0) bytes_->push_back('\0');
      if ((value >> i) & 1) bytes_->back() |= static_cast<char>(1 << used_ % 8);
      ++used_;
    }
  }
  // Seven bits at a time, the low ones first, each with a bit that says whether
  // more follow.
  void WriteGap(uint32_t gap) {
    for (; gap >= 128; gap >>= 7) Write(gap % 128 | 128, 8);
    Write(gap, 8);
  }

 private:
  std::string* bytes_;
  int used_ = 0;
};

// Zeros behind the end; `failed` says so.
class BitReader {
 public:
  explicit BitReader(absl::string_view bytes) : bytes_(bytes) {}
  uint32_t Read(int bits) {
    uint32_t value = 0;
    for (int i = 0; i < bits; ++i, ++position_) {
      if (position_ / 8 >= bytes_.size()) {
        failed_ = true;
        return 0;
      }
      const auto byte = static_cast<uint8_t>(bytes_[position_ / 8]);
      value |= uint32_t{(byte >> position_ % 8) & 1u} << i;
    }
    return value;
  }
  uint32_t ReadGap() {
    uint32_t gap = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      const uint32_t part = Read(8);
      gap |= (part % 128) << shift;
      if (part < 128) return gap;
    }
    failed_ = true;
    return 0;
  }
  bool failed() const { return failed_; }

 private:
  absl::string_view bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

absl::Status Broken(absl::string_view how) {
  return absl::InvalidArgumentError(
      absl::StrCat("the architecture's encoding ", how));
}

}  // namespace

v1::Architecture SearchSpace::Encode(const Choices& choices) const {
  const absl::Status status = Validate(choices);
  CHECK(status.ok()) << status;
  v1::Architecture architecture;
  architecture.set_space(fingerprint_);
  std::string& bytes = *architecture.mutable_encoding();
  BitWriter writer(&bytes);
  writer.Write(kVersion, 8);
  for (int i = 0; i < num_decisions(); ++i) {
    if (!IsMade(i, choices)) continue;
    const Form& form = decisions_[i];
    if (!form.is_set) {
      for (const int32_t value : choices[i]) {
        writer.Write(static_cast<uint32_t>(value - form.first), form.bits);
      }
    } else if (form.values <= kMaxBitmap) {
      size_t next = 0;
      for (int32_t candidate = 0; candidate < form.values; ++candidate) {
        const bool is_in =
            next < choices[i].size() && choices[i][next] == candidate;
        writer.Write(is_in, 1);
        next += is_in;
      }
    } else {
      int32_t before = -1;
      for (const int32_t candidate : choices[i]) {
        writer.WriteGap(static_cast<uint32_t>(candidate - before - 1));
        before = candidate;
      }
    }
  }
  return architecture;
}

absl::StatusOr<Choices> SearchSpace::Decode(
    const v1::Architecture& architecture) const {
  if (architecture.space() != fingerprint_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an architecture of the search space ",
        absl::Hex(architecture.space(), absl::kZeroPad16), ", not of ",
        absl::Hex(fingerprint_, absl::kZeroPad16)));
  }
  BitReader reader(architecture.encoding());
  const uint32_t version = reader.Read(8);
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("an architecture in encoding ", version,
                     "; this program knows ", kVersion));
  }
  Choices choices(decisions_.size());
  for (int i = 0; i < num_decisions() && !reader.failed(); ++i) {
    if (!IsMade(i, choices)) continue;
    const Form& form = decisions_[i];
    std::vector<int32_t>& values = choices[i];
    if (!form.is_set) {
      for (int place = 0; place < form.places && !reader.failed(); ++place) {
        const uint32_t value = reader.Read(form.bits);
        if (value >= static_cast<uint32_t>(form.values)) {
          return Broken(absl::StrCat("holds ", value, " of ", form.values,
                                     " values of decision \"", name(i), "\""));
        }
        values.push_back(form.first + static_cast<int32_t>(value));
      }
    } else if (form.values <= kMaxBitmap) {
      for (int32_t candidate = 0; candidate < form.values; ++candidate) {
        if (reader.Read(1) != 0) values.push_back(candidate);
      }
    } else {
      int64_t candidate = -1;
      for (int place = 0; place < form.places && !reader.failed(); ++place) {
        candidate += int64_t{reader.ReadGap()} + 1;
        if (candidate >= form.values) {
          return Broken(absl::StrCat("leaves the candidates of decision \"",
                                     name(i), "\""));
        }
        values.push_back(static_cast<int32_t>(candidate));
      }
    }
  }
  if (reader.failed()) {
    return Broken("ends early");
  }
  RETURN_IF_ERROR(Validate(choices));
  // Nothing behind the end, no other spelling of the same.
  if (Encode(choices).encoding() != architecture.encoding()) {
    return Broken("is not the canonical one");
  }
  return choices;
}

}  // namespace starling
