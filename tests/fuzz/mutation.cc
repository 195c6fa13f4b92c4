#include "tests/fuzz/mutation.h"

#include <algorithm>
#include <iterator>

namespace starling {
namespace {

constexpr size_t kMaxSize = 1 << 16;

// A position in [0, size].
size_t Place(size_t size, Rng* rng) {
  return rng->Below(static_cast<uint32_t>(size) + 1);
}

void ChangeOnce(const std::vector<std::string>& inputs, Rng* rng,
                std::string* bytes) {
  static constexpr const char* kWords[] = {
      "-1",
      "0",
      "nan",
      "inf",
      "-inf",
      "1e999",
      "18446744073709551616",
      "{",
      "}",
      "[",
      "]",
      "\"",
      "#",
      ":",
      ",",
      "\n",
      "\r\n",
      "\x80",
      "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
      "\xFF\xFF\xFF\xFF\x0F"};
  const size_t at = Place(bytes->size(), rng);
  const size_t length =
      std::min<size_t>(bytes->size() - at, 1 + rng->Below(16));
  switch (rng->Below(9)) {
    case 0:  // a bit
      if (length > 0) (*bytes)[at] ^= static_cast<char>(1 << rng->Below(8));
      break;
    case 1:  // a byte
      if (length > 0) (*bytes)[at] = static_cast<char>(rng->Below(256));
      break;
    case 2:
      bytes->erase(at, length);
      break;
    case 3:
      bytes->insert(at, bytes->substr(at, length));
      break;
    case 4:
      bytes->insert(at, 1, static_cast<char>(rng->Below(256)));
      break;
    case 5:
      bytes->resize(at);
      break;
    case 6:
      bytes->insert(at, kWords[rng->Below(std::size(kWords))]);
      break;
    case 7: {  // the next digit
      const size_t digit = bytes->find_first_of("0123456789", at);
      if (digit != std::string::npos) {
        (*bytes)[digit] = static_cast<char>('0' + rng->Below(10));
      }
      break;
    }
    case 8: {  // a part of another input
      const std::string& other =
          inputs[rng->Below(static_cast<uint32_t>(inputs.size()))];
      const size_t from = Place(other.size(), rng);
      bytes->replace(at, length, other.substr(from, 1 + rng->Below(64)));
      break;
    }
  }
  if (bytes->size() > kMaxSize) bytes->resize(kMaxSize);
}

}  // namespace

std::string Mutate(const std::vector<std::string>& inputs, Rng* rng) {
  std::string bytes = inputs[rng->Below(static_cast<uint32_t>(inputs.size()))];
  const int changes = 1 + static_cast<int>(rng->Below(4));
  for (int i = 0; i < changes; ++i) ChangeOnce(inputs, rng, &bytes);
  return bytes;
}

}  // namespace starling
