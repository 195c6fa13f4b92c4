#include "deploy/certs/x509.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;

// Random, so that no two are equal.
constexpr int kSerialBits = 127;

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, size);
}

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string ToPem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK_EQ(PEM_write_bio_X509(bio.get(), certificate), 1);
  return Text(bio.get());
}

std::string ToPem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0,
                                         nullptr, nullptr),
           1);
  return Text(bio.get());
}

// An address in either family's form.
bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool IsUri(const std::string& name) { return absl::StartsWith(name, "urn:"); }

void SetTime(ASN1_TIME* field, absl::Time time) {
  CHECK(ASN1_TIME_set(field, absl::ToTimeT(time)) != nullptr);
}

void AddExtension(X509* certificate, X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr) << value;
  CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

// All but its extensions and its signature.
Certificate Draft(const std::string& name, const Validity& validity,
                  EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  const Number serial(BN_new());
  CHECK_EQ(BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, 0), 1);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
  SetTime(X509_getm_notBefore(certificate.get()), validity.begin);
  SetTime(X509_getm_notAfter(certificate.get()), validity.end);
  X509_set_pubkey(certificate.get(), key);
  CHECK_EQ(X509_NAME_add_entry_by_txt(
               X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
               reinterpret_cast<const unsigned char*>(name.data()),
               static_cast<int>(name.size()), -1, 0),
           1);
  return certificate;
}

Key NewKey() {
  Key key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr) << "OpenSSL makes no key";
  return key;
}

int NoPassPhrase(char*, int, int, void*) { return -1; }

}  // namespace

absl::StatusOr<Identity> MakeAuthority(const std::string& name,
                                       const Validity& validity) {
  const Key key = NewKey();
  const Certificate draft = Draft(name, validity, key.get());
  X509* const self = draft.get();
  X509_set_issuer_name(self, X509_get_subject_name(self));
  AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  AddExtension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(self, self, NID_subject_key_identifier, "hash");
  CHECK_GT(X509_sign(self, key.get(), EVP_sha256()), 0);
  return Identity{ToPem(self), ToPem(key.get())};
}

absl::StatusOr<Identity> IssueLeaf(const Identity& authority,
                                   const LeafRequest& request) {
  const Certificate issuer(PEM_read_bio_X509(
      Memory(authority.certificate).get(), nullptr, nullptr, nullptr));
  const Key issuer_key(PEM_read_bio_PrivateKey(Memory(authority.key).get(),
                                               nullptr, NoPassPhrase, nullptr));
  const bool is_whole =
      issuer != nullptr && issuer_key != nullptr &&
      X509_check_private_key(issuer.get(), issuer_key.get()) == 1;
  ERR_clear_error();
  if (!is_whole) {
    return absl::FailedPreconditionError(
        "the authority's certificate and key can't be read or do not belong "
        "together");
  }
  time_t end = absl::ToTimeT(request.validity.end);
  if (X509_cmp_time(X509_get0_notAfter(issuer.get()), &end) < 0) {
    return absl::FailedPreconditionError(
        "the authority ends earlier than the certificate would; ask for fewer "
        "--days, or make a new authority with `starling certs init`");
  }
  std::vector<std::string> names;
  for (const std::string& name : request.alternative_names) {
    if (!IsUri(name)) RETURN_IF_ERROR(CheckHost(name));
    const char* kind = IsUri(name) ? "URI:" : IsAddress(name) ? "IP:" : "DNS:";
    names.push_back(absl::StrCat(kind, name));
  }
  if (names.empty()) {
    return absl::InvalidArgumentError("a certificate needs at least one name");
  }

  const Key key = NewKey();
  const Certificate draft =
      Draft(request.name.substr(0, 64), request.validity, key.get());
  X509* const leaf = draft.get();
  X509_set_issuer_name(leaf, X509_get_subject_name(issuer.get()));
  AddExtension(leaf, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(leaf, issuer.get(), NID_key_usage, "critical,digitalSignature");
  AddExtension(leaf, issuer.get(), NID_ext_key_usage,
               request.is_server ? "serverAuth" : "clientAuth");
  AddExtension(leaf, issuer.get(), NID_subject_alt_name,
               absl::StrJoin(names, ","));
  AddExtension(leaf, issuer.get(), NID_subject_key_identifier, "hash");
  AddExtension(leaf, issuer.get(), NID_authority_key_identifier, "keyid");
  CHECK_GT(X509_sign(leaf, issuer_key.get(), EVP_sha256()), 0);
  return Identity{ToPem(leaf), ToPem(key.get())};
}

absl::Status CheckHost(const std::string& host) {
  if (IsAddress(host)) return absl::OkStatus();
  const std::string name = absl::StartsWith(host, "*.") ? host.substr(2) : host;
  bool is_name = !name.empty() && name.size() <= 253;
  bool has_letter = false;
  for (const absl::string_view label : absl::StrSplit(name, '.')) {
    is_name = is_name && !label.empty() && label.size() <= 63;
    for (const char c : label) {
      has_letter = has_letter || absl::ascii_isalpha(c);
      is_name = is_name && (absl::ascii_isalnum(c) || c == '-' || c == '_');
    }
  }
  if (is_name && has_letter) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", host,
                   "' is no host name and no IP address; wanted: node7, "
                   "node7.lab.example, 10.0.0.7 or ::1, without a port"));
}

}  // namespace starling
