#include "deploy/doctor/checks.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "absl/time/clock.h"
#include "deploy/certs/authority.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

TEST(ChecksTest, EveryCheckHasAnUniqueNameAndExplainsItsFailure) {
  std::vector<std::string> names;
  for (const Check& check : AllChecks("/")) {
    EXPECT_EQ(std::count(names.begin(), names.end(), check.name), 0);
    names.push_back(check.name);
    const CheckResult result = check.run();
    EXPECT_NE(result.detail, "") << check.name;
    EXPECT_EQ(result.fix.empty(), result.ok) << check.name;
    EXPECT_EQ(result.detail.find('\n'), std::string::npos) << result.detail;
  }
}

TEST(ChecksTest, NumbersAreThoseOfEveryMachine) {
  const CheckResult result = CheckNumbers();
  EXPECT_TRUE(result.ok) << result.detail;
}

TEST(ChecksTest, PhysicsIsOfTheExpectedVersion) {
  const CheckResult result = CheckPhysics();
  EXPECT_TRUE(result.ok) << result.detail;
}

TEST(ChecksTest, FullDiskAndMissingFolderFail) {
  EXPECT_TRUE(CheckDisk("/tmp", 1).ok);
  EXPECT_FALSE(CheckDisk("/tmp", ~uint64_t{0}).ok);
  EXPECT_FALSE(CheckDisk("/no/such/folder", 1).ok);
}

TEST(ChecksTest, LowLimitOfOpenFilesFails) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_TRUE(CheckOpenFiles(8).ok);
  if (limit.rlim_cur != RLIM_INFINITY) {
    EXPECT_FALSE(CheckOpenFiles(limit.rlim_cur + 1).ok);
  }
}

TEST(ChecksTest, SocketsWorkAndAMissingTemporaryFolderIsNoticed) {
  EXPECT_TRUE(CheckLoopbackPort().ok) << CheckLoopbackPort().detail;
  EXPECT_TRUE(CheckUnixSocket().ok) << CheckUnixSocket().detail;
  setenv("TMPDIR", "/no/such/folder", 1);
  EXPECT_FALSE(CheckUnixSocket().ok);
  unsetenv("TMPDIR");
}

TEST(ChecksTest, TlsFolderIsDescribedAndItsEndForetold) {
  const std::string folder = testing::NewFolder();
  ASSERT_TRUE(CreateAuthority(folder + "/ca", absl::Now()).ok());
  const auto check = [&](const Member& member, int days,
                         const std::string& name) {
    EXPECT_TRUE(CreateMember(folder + "/ca", member, days, folder + "/" + name,
                             absl::Now())
                    .ok());
    return CheckTls(folder + "/" + name);
  };

  const CheckResult server = check({{"node7"}}, 90, "server");
  EXPECT_TRUE(server.ok) << server.detail;
  EXPECT_NE(server.detail.find("node7, 90 days left"), std::string::npos);
  EXPECT_EQ(server.detail.find("renew"), std::string::npos);
  const CheckResult worker = check({}, 13, "worker");
  EXPECT_TRUE(worker.ok) << worker.detail;
  EXPECT_NE(worker.detail.find("13 days left: renew"), std::string::npos);
  const CheckResult none = CheckTls(folder + "/none");
  EXPECT_FALSE(none.ok);
  EXPECT_NE(none.fix, "");
}

}  // namespace
}  // namespace starling
