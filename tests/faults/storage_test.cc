// Rows of the fault matrix: files that are damaged, disks that are full, fail
// or can't be written, directories and ports that are taken.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/run_store.h"
#include "base/file.h"
#include "base/rng.h"
#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::IsFullForm;
using testing::Process;
using testing::ProcessResult;
using testing::Row;
using testing::WaitUntil;

constexpr int kCannotStart = 3;

constexpr char kExperiment[] = R"(
name: "stored" seed: 5
env { pendulum {} max_steps: 30 }
policy { mlp { hidden: 8 } }
strategy { openai_es { num_directions: 8 } }
evaluation { every: 4 episodes: 2 fresh_episodes: 1 }
budget { generations: 12 }
audit_fraction: 0
)";

class StorageTest : public ClusterFixture {
 protected:
  StorageTest() : ClusterFixture(kExperiment) {}

  ProcessResult Resume(const std::string& run) {
    return Train(experiment_, run, {"--workers", "1"});
  }
  void ExpectSameTheta(Row* row) {
    EXPECT_EQ(Signature(run_), Undisturbed());
    if (!HasFailure()) row->Saw("same theta");
  }
};

TEST_F(StorageTest, Row18_DamagedCheckpoint) {
  Row row(18, "each byte of a checkpoint flipped, 1000 cuts",
          "all found; the one before used; *.corrupt kept; same theta");
  ASSERT_EQ(Resume(run_).status, 0);
  const std::string expected = Undisturbed();
  const std::string newest = run_ + "/checkpoints/ckpt-00000012.strl";
  const std::string intact = *ReadFile(newest);

  // Every damage, seen by what reads checkpoints.
  const std::string folder = Path("bytes");
  fs::create_directory(folder);
  const std::string path = folder + "/ckpt-00000012.strl";
  const auto is_found = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return absl::IsDataLoss(
        CheckpointStore::Open(folder, CheckpointStore::Access::kReader)
            ->Load(12)
            .status());
  };
  size_t flips = 0, cuts = 0;
  for (; flips < intact.size(); ++flips) {
    std::string bytes = intact;
    bytes[flips] = static_cast<char>(bytes[flips] ^ (1 << flips % 8));
    ASSERT_TRUE(is_found(bytes)) << flips;
  }
  for (; cuts < 1000; ++cuts) {
    ASSERT_TRUE(is_found(intact.substr(0, intact.size() * cuts / 1000)));
  }
  row.Saw(absl::StrCat("all of ", flips, " flips and ", cuts, " cuts found"));

  // Some, by the whole program.
  const int damages = IsFullForm() ? 40 : 4;
  Rng rng(1);
  for (int i = 0; i < damages; ++i) {
    std::string bytes = intact;
    const uint32_t at = rng.Below(static_cast<uint32_t>(bytes.size()));
    if (i % 2 == 0) bytes[at] = static_cast<char>(bytes[at] ^ 16);
    if (i % 2 == 1) bytes.resize(at);
    std::ofstream(newest, std::ios::binary) << bytes;
    const ProcessResult result = Resume(run_);
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("damaged checkpoint: " + newest));
    EXPECT_TRUE(fs::exists(newest + ".corrupt"));
    EXPECT_EQ(Signature(run_), expected) << i;
  }
  row.Saw(absl::StrCat(damages, " of them with the program"));
  if (!HasFailure()) row.Saw("same theta");
}

// A folder of 1 MiB.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& folder) : folder_(folder) {
    fs::create_directory(folder);
    // Mounts of our own, as root or as root of a user namespace.
    if (unshare(CLONE_NEWNS) != 0) {
      const uid_t user = getuid();
      EXPECT_EQ(unshare(CLONE_NEWUSER | CLONE_NEWNS), 0) << strerror(errno);
      std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    }
    EXPECT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0)
        << strerror(errno);
    EXPECT_EQ(mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m"), 0)
        << "this row needs the right to mount a tmpfs (root, or user "
           "namespaces): "
        << strerror(errno);
  }
  ~SmallDisk() { umount2(folder_.c_str(), MNT_DETACH); }

  // Takes all but so many bytes.
  void FillUpTo(size_t bytes) const {
    const size_t free = fs::space(folder_).available;
    ASSERT_GT(free, bytes);
    std::ofstream(folder_ + "/filler") << std::string(free - bytes, 'x');
  }
  void Empty() const { fs::remove(folder_ + "/filler"); }

 private:
  const std::string folder_;
};

TEST_F(StorageTest, Row19_FullDisk) {
  Row row(19, "disk full (1 MiB tmpfs) while results are stored",
          "a warning; nothing lost; goes on when there is space; same theta");
  // So short that all of it fits: a log may grow to 4 MiB.
  const Words fitting = {"--set", "budget.generations=3"};
  ASSERT_EQ(Train(experiment_, Path("calm"), fitting).status, 0);
  const SmallDisk disk(Path("disk"));
  run_ = Path("disk/run");
  auto aggregator = StartAggregator(fitting);
  ASSERT_TRUE(WaitUntil(
      [&] { return fs::exists(run_ + "/checkpoints/ckpt-00000000.strl"); }));
  disk.FillUpTo(8192);
  auto worker = StartWorker("a");

  ASSERT_TRUE(AwaitStatus("can't be written")) << aggregator->err();
  EXPECT_TRUE(aggregator->running());
  row.Saw("\"run.db can't be written\"");
  disk.Empty();

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  EXPECT_EQ(Signature(run_), Signature(Path("calm")));
  if (!HasFailure()) row.Saw("goes on by itself; same theta");
}

TEST_F(StorageTest, Row19_FailingAndReadOnlyDisk) {
  const std::string expected = Undisturbed();
  const std::map<int, std::string> errors = {{EIO, "EIO"}, {EROFS, "EROFS"}};
  for (const auto& [error, name] : errors) {
    Row row(19, absl::StrCat("writes fail with ", name),
            "the checkpoint before stays; goes on when all is well; same "
            "theta");
    run_ = Path("run" + name);
    const std::string fails = Path("fails" + name);
    const Words disk = {
        "LD_PRELOAD=" + testing::DataPath("tests/faults/libfaulty_disk.so"),
        "STARLING_DISK=" + run_, "STARLING_DISK_FAILS=" + fails,
        "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
    Words words = {"/usr/bin/env"};
    words.insert(words.end(), disk.begin(), disk.end());
    for (const std::string& word :
         TrainCommand(experiment_, run_, {"--workers", "0"})) {
      words.push_back(word);
    }
    Process train(words);
    const std::string first = run_ + "/checkpoints/ckpt-00000000.strl";
    ASSERT_TRUE(WaitUntil([&] { return fs::exists(first); })) << train.err();
    const std::string before = *ReadFile(first);
    std::ofstream(fails) << error;
    auto worker = StartWorker("a");

    ASSERT_TRUE(WaitUntil([&] {
      return train.err().find("can't be written") != std::string::npos;
    })) << train.err();
    EXPECT_TRUE(train.running()) << train.err();
    EXPECT_EQ(*ReadFile(first), before);
    row.Saw("a warning, checkpoint intact");
    fs::remove(fails);

    EXPECT_EQ(train.Wait().status, 0) << train.err();
    EXPECT_EQ(Signature(run_), expected) << name;
    if (!HasFailure()) row.Saw("goes on by itself; same theta");
  }
}

TEST_F(StorageTest, Row20_TornDatabase) {
  Row row(20, "run.db's log torn at every byte of its last record",
          "the rest is read; no crash; same theta");
  const std::string expected = Undisturbed();
  // A page and its head.
  constexpr size_t kRecord = 4096 + 24;
  auto aggregator = StartAggregator();
  auto worker = StartWorker("a");
  // Seen in the file itself: to ask for the status takes longer than the run.
  ASSERT_TRUE(WaitUntil([&] {
    std::error_code error;
    const auto size = fs::file_size(run_ + "/run.db-wal", error);
    return !error && size > 8 * kRecord;
  }));
  aggregator->Signal(SIGKILL);
  aggregator->Wait();
  worker->Signal(SIGKILL);
  const std::string log = *ReadFile(run_ + "/run.db-wal");
  ASSERT_GT(log.size(), 2 * kRecord);
  const auto results = [](const std::string& database) {
    auto store = RunStore::Open(database);
    EXPECT_TRUE(store.ok()) << store.status();
    std::vector<std::string> all;
    for (uint64_t generation = 0; generation <= 12; ++generation) {
      auto answers = (*store)->Results(generation);
      EXPECT_TRUE(answers.ok()) << answers.status();
      for (const SessionResult& answer : *answers) {
        all.push_back(answer.result.SerializeAsString());
      }
    }
    return all;
  };
  // A log goes on being written from its beginning, so its last record is not
  // always at its end: cut at every byte of the last one in the file.
  fs::create_directory(Path("torn"));
  const auto tear = [&](size_t size, const std::string& to) {
    fs::copy_file(run_ + "/run.db", to + "/run.db",
                  fs::copy_options::overwrite_existing);
    fs::remove(to + "/run.db-shm");
    std::ofstream(to + "/run.db-wal", std::ios::binary) << log.substr(0, size);
  };
  tear(log.size(), Path("torn"));
  const std::vector<std::string> all = results(Path("torn/run.db"));
  size_t fewest = all.size();
  const size_t step = IsFullForm() ? 1 : 37;
  for (size_t cut = 0; cut <= kRecord; cut += step) {
    tear(log.size() - cut, Path("torn"));
    const std::vector<std::string> left = results(Path("torn/run.db"));
    ASSERT_LE(left.size(), all.size());
    fewest = std::min(fewest, left.size());
  }
  row.Saw(absl::StrCat("every ", step == 1 ? "" : "37th ", "byte: ", fewest,
                       " to ", all.size(), " results read"));
  for (const size_t cut : {size_t{1}, kRecord / 2, kRecord, kRecord + 1}) {
    const std::string run = Path(absl::StrCat("run", cut));
    fs::copy(run_, run, fs::copy_options::recursive);
    tear(log.size() - cut, run);
    const ProcessResult result = Resume(run);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(Signature(run), expected) << cut;
  }
  if (!HasFailure()) row.Saw("same theta");
}

TEST_F(StorageTest, Row21_SecondAggregator) {
  Row row(21, "second aggregator on the run's directory, socket or port",
          "exit 3, holder named; the first undisturbed");
  auto first = StartAggregator(
      {"--listen", "127.0.0.1:0", "--listen", "unix:" + Path("a.sock")});
  Ok({"pause", run_});
  auto worker = StartWorker("a");
  ASSERT_TRUE(AwaitStatus("\"name\":\"a\""));
  const std::string port = ReadEndpoint(run_ + "/endpoint")->address();

  const ProcessResult same_directory = Resume(run_);
  EXPECT_EQ(same_directory.status, kCannotStart) << same_directory.err;
  EXPECT_THAT(same_directory.err, HasSubstr(std::to_string(first->pid())));
  for (const std::string& address : {port, "unix:" + Path("a.sock")}) {
    const ProcessResult same_address =
        Tell({"aggregator", experiment_, "--run", Path("other"), "--listen",
              address});
    EXPECT_EQ(same_address.status, kCannotStart) << same_address.err;
    EXPECT_THAT(same_address.err, HasSubstr("can't listen on " + address));
  }
  row.Saw("three times exit 3");
  Ok({"resume", run_});

  EXPECT_EQ(first->Wait().status, 0) << first->err();
  EXPECT_EQ(worker->Wait().status, 0) << worker->err();
  ExpectSameTheta(&row);
}

}  // namespace
}  // namespace starling
