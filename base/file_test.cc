#include "base/file.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "gtest/gtest.h"
#include "proto/work.pb.h"

namespace starling {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/file_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    DIR* dir = opendir(folder_.c_str());
    while (const dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') names.insert(entry->d_name);
    }
    closedir(dir);
    return names;
  }
  std::string folder_;
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  const std::string data("a\0b\n\xff", 5);

  ASSERT_TRUE(WriteFileAtomically(Path("f"), data).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("f"), data + data).ok());

  EXPECT_EQ(*ReadFile(Path("f")), data + data);
  EXPECT_EQ(Names(), std::set<std::string>{"f"});
}

TEST_F(FileTest, ErrorsNameThePathAndTheReason) {
  const absl::Status missing = ReadFile(Path("none")).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(missing.message().find(Path("none")), std::string::npos);

  EXPECT_EQ(ReadFile(folder_).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteFileAtomically(Path("no/such/folder"), "x").code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "12345").ok());
  EXPECT_EQ(ReadFile(Path("f"), 4).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(FileTest, AFullDiskLeavesTheOldFileAndNothingElse) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "old").ok());

  // The limit on file sizes answers like a full disk; in a child, since it
  // cannot be raised again.
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status =
        WriteFileAtomically(Path("f"), std::string(100000, 'x'));
    _exit(status.code() == absl::StatusCode::kResourceExhausted ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);

  EXPECT_EQ(result, 0);
  EXPECT_EQ(*ReadFile(Path("f")), "old");
  EXPECT_EQ(Names(), std::set<std::string>{"f"});
}

TEST_F(FileTest, EveryFlippedByteAndEveryCutIsDetected) {
  const std::string data = "a small checkpoint";
  ASSERT_TRUE(WriteFileWithDigest(Path("f"), data).ok());
  ASSERT_EQ(*ReadFileWithDigest(Path("f")), data);
  const std::string whole = *ReadFile(Path("f"));

  for (size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] ^= 1;
    ASSERT_TRUE(WriteFileAtomically(Path("f"), flipped).ok());
    EXPECT_EQ(ReadFileWithDigest(Path("f")).status().code(),
              absl::StatusCode::kDataLoss);
    ASSERT_TRUE(WriteFileAtomically(Path("f"), whole.substr(0, i)).ok());
    EXPECT_EQ(ReadFileWithDigest(Path("f")).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(FileTest, SerialisationIsWholeAndRepeatable) {
  v1::PolicyState state;
  state.set_generation(3);
  for (int i = 0; i < 1000; ++i) state.mutable_distribution()->add_mean(i);

  const std::string bytes = SerializeDeterministically(state);

  v1::PolicyState read;
  ASSERT_TRUE(read.ParseFromString(bytes));
  EXPECT_EQ(read.distribution().mean_size(), 1000);
  EXPECT_EQ(SerializeDeterministically(read), bytes);
}

}  // namespace
}  // namespace starling
