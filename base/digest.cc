#include "base/digest.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "base/log.h"

namespace starling {

std::string Sha256(absl::string_view data) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  CHECK_EQ(EVP_Digest(data.data(), data.size(),
                      reinterpret_cast<unsigned char*>(digest.data()), &size,
                      EVP_sha256(), nullptr),
           1);
  CHECK_EQ(size, 32u);
  return digest;
}

std::string Hex(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}

}  // namespace starling
