// An authority's folders, and what base/tls_folder says of good and bad ones.
#include "deploy/certs/authority.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"
#include "base/tls_folder.h"
#include "deploy/certs/x509.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);

class AuthorityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::NewFolder();
    ASSERT_TRUE(CreateAuthority(Path("ca"), kNow).ok());
    ASSERT_TRUE(CreateMember(Path("ca"), {{"node7", "10.0.0.7"}}, 90,
                             Path("server"), kNow)
                    .ok());
    ASSERT_TRUE(CreateMember(Path("ca"), {}, 90, Path("worker"), kNow).ok());
  }
  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  std::string Read(const std::string& name) const {
    return ReadFile(Path(name)).value();
  }
  // Overwrites a file, whose mode stays.
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }
  int Mode(const std::string& name) const {
    struct stat info = {};
    stat(Path(name).c_str(), &info);
    return info.st_mode & 07777;
  }
  std::set<std::string> Names(const std::string& name) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(Path(name))) {
      names.insert(entry.path().filename());
    }
    return names;
  }
  absl::StatusOr<TlsFolder> Load(const std::string& name, TlsSide side,
                                 absl::Time now = kNow) const {
    return LoadTlsFolder(Path(name), side, now);
  }
  // Loading the worker's folder fails with this code and all parts.
  void ExpectBad(absl::StatusCode code, const std::vector<std::string>& parts,
                 absl::Time now = kNow) const {
    const absl::Status status = Load("worker", TlsSide::kMember, now).status();
    EXPECT_EQ(status.code(), code) << status;
    for (const std::string& part : parts) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(part));
    }
  }

  std::string folder_;
};

TEST_F(AuthorityTest, FoldersHoldWhatAHostNeedsAndNothingMore) {
  EXPECT_EQ(Names("ca"),
            (std::set<std::string>{"ca.crt", "ca.key", "worker.token",
                                   "operator.token", "viewer.token"}));
  EXPECT_EQ(Names("server"),
            (std::set<std::string>{"ca.crt", "member.crt", "member.key",
                                   "worker.token", "operator.token",
                                   "viewer.token"}));
  EXPECT_EQ(Names("worker"),
            (std::set<std::string>{"ca.crt", "member.crt", "member.key",
                                   "worker.token"}));
  for (const char* folder : {"ca", "server", "worker"}) {
    EXPECT_EQ(Mode(folder), 0700);
    for (const std::string& name : Names(folder)) {
      const bool is_public = name.find(".crt") != std::string::npos;
      EXPECT_EQ(Mode(std::string(folder) + "/" + name), is_public ? 0644 : 0600)
          << name;
    }
  }
  EXPECT_NE(Read("ca/worker.token"), Read("ca/operator.token"));
  EXPECT_EQ(Read("worker/worker.token"), Read("server/worker.token"));
}

TEST_F(AuthorityTest, BothSidesLoadTheirFolders) {
  const auto server = Load("server", TlsSide::kAggregator);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(server->names, ElementsAre("node7", "10.0.0.7"));
  EXPECT_EQ(server->not_before, kNow - kDay);
  EXPECT_EQ(server->not_after, kNow + 90 * kDay);
  EXPECT_EQ(server->tokens.size(), 3u);

  const auto worker = Load("worker", TlsSide::kMember);
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_THAT(worker->names, ElementsAre("urn:starling:worker"));
  ASSERT_EQ(worker->tokens.size(), 1u);
  EXPECT_EQ(worker->tokens.at(Role::kWorker), server->tokens.at(Role::kWorker));
  EXPECT_EQ(worker->tokens.at(Role::kWorker).size(), kTokenDigits);
}

TEST_F(AuthorityTest, NothingIsOverwritten) {
  const std::string key = Read("ca/ca.key");
  const absl::Status again = CreateAuthority(Path("ca"), kNow);
  EXPECT_TRUE(absl::IsAlreadyExists(again)) << again;
  EXPECT_EQ(Read("ca/ca.key"), key);
  EXPECT_TRUE(absl::IsAlreadyExists(
      CreateMember(Path("ca"), {}, 90, Path("worker"), kNow)));

  // An empty folder will do; nothing is left behind.
  fs::create_directory(Path("empty"));
  EXPECT_TRUE(CreateMember(Path("ca"), {}, 90, Path("empty/"), kNow).ok());
  EXPECT_EQ(Names("."),
            (std::set<std::string>{"ca", "server", "worker", "empty"}));
}

TEST_F(AuthorityTest, WrongRequestsSayWhatIsTaken) {
  for (const char* host : {"", "node7:7070", "a b", "10.0.0", "-", "a..b",
                           "http://node7", "n,DNS:evil"}) {
    const absl::Status status =
        CreateMember(Path("ca"), {{host}}, 90, Path("new"), kNow);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << host << status;
    EXPECT_FALSE(FileExists(Path("new")));
  }
  for (const char* host : {"node7", "::1", "*.lab.example", "a-b.c_d"}) {
    EXPECT_TRUE(CheckHost(host).ok()) << host;
  }
  EXPECT_TRUE(
      absl::IsNotFound(CreateMember(Path("none"), {}, 90, Path("new"), kNow)));
  // It would outlive its authority.
  EXPECT_TRUE(absl::IsFailedPrecondition(
      CreateMember(Path("ca"), {}, kMaxDays, Path("new"), kNow + 30 * kDay)));
  chmod(Path("ca/ca.key").c_str(), 0640);
  EXPECT_TRUE(absl::IsPermissionDenied(
      CreateMember(Path("ca"), {}, 90, Path("new"), kNow)));
}

TEST_F(AuthorityTest, MissingPartsAreNamed) {
  const absl::Status status = Load("nowhere", TlsSide::kMember).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("starling certs worker"));

  for (const char* name : {"ca.crt", "member.crt", "member.key"}) {
    const std::string path = std::string("worker/") + name;
    fs::rename(Path(path), Path("aside"));
    ExpectBad(absl::StatusCode::kNotFound, {path, "is not there"});
    fs::rename(Path("aside"), Path(path));
  }
  fs::remove(Path("worker/worker.token"));
  ExpectBad(absl::StatusCode::kNotFound, {"holds 0 tokens"});
}

TEST_F(AuthorityTest, SecretsThatOthersCanReadAreRefused) {
  for (const char* name : {"worker/member.key", "worker/worker.token"}) {
    for (const int mode : {0640, 0604, 0644, 0620}) {
      chmod(Path(name).c_str(), mode);
      ExpectBad(absl::StatusCode::kPermissionDenied,
                {name, "chmod 600 " + Path(name)});
    }
    chmod(Path(name).c_str(), 0600);
  }
  EXPECT_TRUE(Load("worker", TlsSide::kMember).ok());
}

TEST_F(AuthorityTest, BadContentsAreRefused) {
  const std::string token = Read("worker/worker.token");
  Write("worker/worker.token", "");
  ExpectBad(absl::StatusCode::kFailedPrecondition,
            {"worker.token is empty", "64 hexadecimal digits"});
  Write("worker/worker.token", token.substr(1));
  const absl::Status status = Load("worker", TlsSide::kMember).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("holds no token"));
  EXPECT_THAT(std::string(status.message()),
              Not(HasSubstr(token.substr(8, 8))));
  Write("worker/worker.token", token);

  Write("worker/member.crt", "-----BEGIN CERTIFICATE-----\nx\n");
  ExpectBad(absl::StatusCode::kFailedPrecondition,
            {"member.crt holds no certificate"});
}

TEST_F(AuthorityTest, KeyOfAnotherCertificateIsRefused) {
  Write("worker/member.key", Read("server/member.key"));
  ExpectBad(absl::StatusCode::kFailedPrecondition,
            {"member.key is not the key of", "member.crt"});
}

TEST_F(AuthorityTest, DatesAndClockAreSaidWhenTheyDoNotFit) {
  ExpectBad(absl::StatusCode::kFailedPrecondition,
            {"member.crt has expired", "to " + DescribeTime(kNow + 90 * kDay),
             "clock says " + DescribeTime(kNow + 91 * kDay)},
            kNow + 91 * kDay);
  ExpectBad(
      absl::StatusCode::kFailedPrecondition,
      {"member.crt is not valid yet", "from " + DescribeTime(kNow - kDay)},
      kNow - 2 * kDay);
  // An hour off either way is none of our business.
  for (const int hours : {-1, 1}) {
    EXPECT_TRUE(
        Load("worker", TlsSide::kMember, kNow + absl::Hours(hours)).ok());
  }
}

TEST_F(AuthorityTest, ForeignAuthorityIsRefusedUntilBothAreTrusted) {
  ASSERT_TRUE(CreateAuthority(Path("other"), kNow).ok());
  const std::string own = Read("worker/ca.crt");
  Write("worker/ca.crt", Read("other/ca.crt"));
  ExpectBad(absl::StatusCode::kFailedPrecondition,
            {"was not issued by the authority in", "worker/ca.crt"});

  Write("worker/ca.crt", Read("other/ca.crt") + own);
  EXPECT_TRUE(Load("worker", TlsSide::kMember).ok());
}

TEST_F(AuthorityTest, EachSideTakesItsOwnKindOnly) {
  const absl::Status server = Load("server", TlsSide::kMember).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(server));
  EXPECT_THAT(std::string(server.message()), HasSubstr("is an aggregator's"));
  const absl::Status worker = Load("worker", TlsSide::kAggregator).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(worker));
  EXPECT_THAT(std::string(worker.message()), HasSubstr("certs server"));
}

}  // namespace
}  // namespace starling
