#include "base/tls_folder.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <ctime>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/status.h"

namespace starling {
namespace {

// No file of such a folder is larger.
constexpr uint64_t kMaxFileBytes = 1 << 20;

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
using Store = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using Verification =
    std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

constexpr char kNewOne[] =
    "`starling certs server` or `starling certs worker` makes a new one";

absl::StatusOr<std::string> ReadPart(const std::string& path) {
  absl::StatusOr<std::string> data = ReadFile(path, kMaxFileBytes);
  if (absl::IsNotFound(data.status())) {
    return absl::NotFoundError(
        absl::StrCat(path,
                     " is not there: --tls wants a folder made by `starling "
                     "certs server` or `starling certs worker`"));
  }
  return data;
}

// Also refuses what others may read.
absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s is secret, but its mode %04o lets others use it; mend it with "
        "chmod 600 %s",
        path, info.st_mode & 07777, path));
  }
  return ReadPart(path);
}

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// All certificates of a file, at least one.
absl::StatusOr<std::vector<Certificate>> ReadCertificates(
    const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadPart(path));
  const Bio bio = Memory(text);
  std::vector<Certificate> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  ERR_clear_error();
  if (certificates.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " holds no certificate in PEM form; ", kNewOne));
  }
  return certificates;
}

// Never asks for a pass phrase: nobody may sit there.
int NoPassPhrase(char*, int, int, void*) { return -1; }

absl::StatusOr<Key> ReadKey(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadSecret(path));
  Key key(PEM_read_bio_PrivateKey(Memory(text).get(), nullptr, NoPassPhrase,
                                  nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " holds no private key in PEM form without a pass phrase; ",
        kNewOne));
  }
  return key;
}

absl::Time ToTime(const ASN1_TIME* time) {
  tm broken_down = {};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return absl::InfinitePast();
  return absl::FromTimeT(timegm(&broken_down));
}

// Says both dates and the clock: which of them is wrong, only a person knows.
absl::Status CheckDates(const std::string& path, const X509* certificate,
                        absl::Time now) {
  const absl::Time begin = ToTime(X509_get0_notBefore(certificate));
  const absl::Time end = ToTime(X509_get0_notAfter(certificate));
  if (begin <= now && now <= end) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, now < begin ? " is not valid yet" : " has expired",
      ": it is valid from ", DescribeTime(begin), " to ", DescribeTime(end),
      ", and this machine's clock says ", DescribeTime(now),
      "; set the clock if it is wrong, else ", kNewOne));
}

std::string AddressText(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = bytes->length == 4 ? AF_INET : AF_INET6;
  if (bytes->length != 4 && bytes->length != 16) return "";
  inet_ntop(family, bytes->data, text, sizeof(text));
  return text;
}

std::vector<std::string> NamesOf(const X509* certificate) {
  std::vector<std::string> names;
  const Names all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (all == nullptr) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_IPADD) {
      names.push_back(AddressText(name->d.iPAddress));
    } else if (name->type == GEN_DNS || name->type == GEN_URI) {
      const ASN1_IA5STRING* text = name->d.ia5;
      names.emplace_back(reinterpret_cast<const char*>(text->data),
                         text->length);
    }
  }
  return names;
}

// The certificate is the authority's, and of the right kind for `side`.
absl::Status CheckIssuer(const TlsFolder& folder, TlsSide side,
                         const std::vector<Certificate>& chain,
                         const std::vector<Certificate>& authorities,
                         absl::Time now) {
  const bool is_server = side == TlsSide::kAggregator;
  const Store store(X509_STORE_new());
  for (const Certificate& authority : authorities) {
    X509_STORE_add_cert(store.get(), authority.get());
  }
  STACK_OF(X509)* others = sk_X509_new_null();
  for (const Certificate& other : chain) sk_X509_push(others, other.get());
  const Verification verification(X509_STORE_CTX_new());
  X509_STORE_CTX_init(verification.get(), store.get(), chain[0].get(), others);
  X509_STORE_CTX_set_time(verification.get(), 0, absl::ToTimeT(now));
  X509_STORE_CTX_set_purpose(verification.get(), is_server
                                                     ? X509_PURPOSE_SSL_SERVER
                                                     : X509_PURPOSE_SSL_CLIENT);
  const bool good = X509_verify_cert(verification.get()) == 1;
  const int error = X509_STORE_CTX_get_error(verification.get());
  sk_X509_free(others);
  ERR_clear_error();
  if (good) return absl::OkStatus();
  if (error == X509_V_ERR_INVALID_PURPOSE) {
    return absl::FailedPreconditionError(absl::StrCat(
        folder.certificate,
        is_server ? " is a worker's, an operator's or a viewer's: the "
                    "aggregator needs a folder made by `starling certs server`"
                  : " is an aggregator's: workers, operators and viewers need "
                    "a folder made by `starling certs worker`"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(folder.certificate, " was not issued by the authority in ",
                   folder.ca, " (", X509_verify_cert_error_string(error),
                   "); both must come from the same `starling certs init`"));
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadSecret(path));
  const std::string token(absl::StripAsciiWhitespace(text));
  bool is_hex = token.size() == kTokenDigits;
  for (const char c : token) is_hex = is_hex && absl::ascii_isxdigit(c);
  if (is_hex) return token;
  return absl::FailedPreconditionError(absl::StrCat(
      path, token.empty() ? " is empty" : " holds no token", ": a token is ",
      kTokenDigits,
      " hexadecimal digits; copy the file from the authority's folder"));
}

absl::Status ReadTokens(TlsSide side, TlsFolder* folder) {
  for (const Role role : kRoles) {
    const std::string path = absl::StrCat(folder->folder, "/", TokenFile(role));
    if (side == TlsSide::kMember && !FileExists(path)) continue;
    ASSIGN_OR_RETURN(folder->tokens[role], ReadToken(path));
  }
  if (side == TlsSide::kMember && folder->tokens.size() != 1) {
    const std::string message = absl::StrCat(
        folder->folder, " holds ", folder->tokens.size(),
        " tokens; a member has one of worker.token, operator.token and "
        "viewer.token: make its folder with `starling certs worker`");
    return folder->tokens.empty() ? absl::NotFoundError(message)
                                  : absl::FailedPreconditionError(message);
  }
  return absl::OkStatus();
}

}  // namespace

std::string DescribeTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

absl::StatusOr<TlsFolder> LoadTlsFolder(const std::string& path, TlsSide side,
                                        absl::Time now) {
  TlsFolder folder;
  folder.folder = path;
  folder.ca = path + "/ca.crt";
  folder.certificate = path + "/member.crt";
  folder.key = path + "/member.key";

  ASSIGN_OR_RETURN(const auto authorities, ReadCertificates(folder.ca));
  ASSIGN_OR_RETURN(const auto chain, ReadCertificates(folder.certificate));
  ASSIGN_OR_RETURN(const Key key, ReadKey(folder.key));
  const X509* const certificate = chain[0].get();
  const bool belongs = X509_check_private_key(certificate, key.get()) == 1;
  ERR_clear_error();
  if (!belongs) {
    return absl::FailedPreconditionError(absl::StrCat(
        folder.key, " is not the key of ", folder.certificate,
        ": copy both files from the same folder that `starling certs` made"));
  }
  RETURN_IF_ERROR(CheckDates(folder.certificate, certificate, now));
  // While one authority replaces another, the old one may end.
  if (authorities.size() == 1) {
    RETURN_IF_ERROR(CheckDates(folder.ca, authorities[0].get(), now));
  }
  RETURN_IF_ERROR(CheckIssuer(folder, side, chain, authorities, now));

  folder.not_before = ToTime(X509_get0_notBefore(certificate));
  folder.not_after = ToTime(X509_get0_notAfter(certificate));
  folder.names = NamesOf(certificate);
  if (folder.names.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder.certificate,
                     " names no host (it has no subject "
                     "alternative name), so nobody can check it; ",
                     kNewOne));
  }
  RETURN_IF_ERROR(ReadTokens(side, &folder));
  return folder;
}

}  // namespace starling
