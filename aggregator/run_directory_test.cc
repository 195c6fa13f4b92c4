#include "aggregator/run_directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aggregator/checkpoint.h"
#include "aggregator/storage_test_support.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/resolve.h"
#include "base/text_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Experiment Parse(const std::string& text) {
  v1::Experiment experiment;
  EXPECT_TRUE(ParseTextProto(text, "test", &experiment).ok()) << text;
  return experiment;
}

v1::Experiment SomeExperiment() {
  return Parse(
      "name: \"swing\" seed: 7 env { pendulum {} } policy { linear {} } "
      "strategy { ars { sigma: 0.1 } } budget { generations: 20 }");
}

RunDirectory::Options SomeOptions() {
  RunDirectory::Options options;
  options.start.set_host("somewhere");
  options.start.set_pid(42);
  options.start.set_time("2024-01-01T00:00:00Z");
  options.start.set_command_line("starling train \"x\"");
  options.start.add_versions("starling 1");
  return options;
}

// Opens and closes it, as a run that has come to an end.
absl::Status OpenOnce(const std::string& path, const v1::Experiment& experiment,
                      const RunDirectory::Options& options = SomeOptions()) {
  return RunDirectory::Open(path, experiment, options).status();
}

void AddCheckpoint(const std::string& path) {
  auto store = CheckpointStore::Open(RunPaths(path).checkpoints,
                                     CheckpointStore::Access::kOwner);
  ASSERT_TRUE(store->Save(SmallCheckpoint(5)).ok());
}

TEST(RunDirectoryTest, LaysOutANewRun) {
  const std::string path = FreshFolder() + "/deep/er/swing-s7";

  const auto directory =
      RunDirectory::Open(path + "/", SomeExperiment(), SomeOptions());

  ASSERT_TRUE(directory.ok()) << directory.status();
  struct stat information;
  ASSERT_EQ(stat(path.c_str(), &information), 0);
  EXPECT_EQ(information.st_mode & 0027, 0) << "for others than owner and group";
  for (const char* name : {"checkpoints", "videos", "logs", "run.lock",
                           "meta.json", "config.textproto"}) {
    EXPECT_TRUE(fs::exists(path + "/" + name)) << name;
  }
  EXPECT_EQ((*directory)->paths().database, path + "/run.db");
  EXPECT_FALSE((*directory)->has_checkpoint());
}

TEST(RunDirectoryTest, TheConfigurationParsesBackToTheResolvedExperiment) {
  const std::string path = FreshFolder() + "/run";
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());

  v1::Experiment stored;
  ASSERT_TRUE(ReadTextProto(path + "/config.textproto", &stored).ok());

  EXPECT_EQ(SerializeDeterministically(stored),
            SerializeDeterministically(Resolve(SomeExperiment())));
  EXPECT_THAT(*ReadFile(path + "/config.textproto"),
              HasSubstr("step_size: 0.02"))
      << "a default is not written out";
  EXPECT_EQ(SerializeDeterministically(*ReadRunExperiment(path)),
            SerializeDeterministically(stored));
}

TEST(RunDirectoryTest, RecordsEachStart) {
  const std::string path = FreshFolder() + "/run";
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());

  const auto meta = ReadRunMeta(path);

  ASSERT_TRUE(meta.ok()) << meta.status();
  ASSERT_EQ(meta->starts_size(), 2);
  EXPECT_EQ(meta->starts(0).command_line(), "starling train \"x\"");
  EXPECT_EQ(meta->config_sha256(), Hex(ConfigDigest(SomeExperiment())));
}

TEST(RunDirectoryTest, ASecondHolderIsToldWhoTheFirstIs) {
  const std::string path = FreshFolder() + "/run";
  auto first = RunDirectory::Open(path, SomeExperiment(), SomeOptions());
  ASSERT_TRUE((*first)->SetIncarnation(3).ok());

  const absl::Status status = OpenOnce(path, SomeExperiment());

  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(),
              HasSubstr("process 42 on host somewhere (incarnation 3)"));
  const auto holder = RunLock::FindHolder(path + "/run.lock");
  ASSERT_TRUE(holder.has_value());
  EXPECT_EQ(holder->pid(), 42);
}

TEST(RunDirectoryTest, TheLockIsFreeOnceItsHolderIsGone) {
  const std::string path = FreshFolder() + "/run";
  {
    auto first = RunDirectory::Open(path, SomeExperiment(), SomeOptions());
    ASSERT_TRUE((*first)->SetIncarnation(3).ok());
  }
  EXPECT_FALSE(RunLock::FindHolder(path + "/run.lock").has_value());

  const auto second = RunDirectory::Open(path, SomeExperiment(), SomeOptions());

  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->last_incarnation(), 3);
}

TEST(RunDirectoryTest, TheLockIsFreeAfterKillNine) {
  const std::string path = FreshFolder() + "/run";
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto directory =
        RunDirectory::Open(path, SomeExperiment(), SomeOptions());
    if (write(pipe_ends[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte;
  ASSERT_EQ(read(pipe_ends[0], &byte, 1), 1);
  EXPECT_TRUE(absl::IsUnavailable(OpenOnce(path, SomeExperiment())));

  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);

  EXPECT_TRUE(OpenOnce(path, SomeExperiment()).ok());
}

TEST(RunDirectoryTest, AnotherExperimentIsRefusedWithEveryDifference) {
  const std::string path = FreshFolder() + "/run";
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());
  v1::Experiment other = SomeExperiment();
  other.set_seed(8);
  other.mutable_strategy()->mutable_ars()->set_sigma(0.2);
  other.mutable_env()->mutable_cartpole();

  const absl::Status status = OpenOnce(path, other);

  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("seed: 7 -> 8"));
  EXPECT_THAT(message, HasSubstr("strategy.ars.sigma: 0.1 -> 0.2"));
  EXPECT_THAT(message, HasSubstr("env.kind: pendulum { gravity_m_per_s2: 10"));
  EXPECT_THAT(message, HasSubstr("} -> cartpole { gravity_m_per_s2: 9.8"));
  EXPECT_EQ(ReadRunExperiment(path)->seed(), 7);
}

TEST(RunDirectoryTest, ASpelledOutDefaultIsTheSameExperiment) {
  const std::string path = FreshFolder() + "/run";
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());
  v1::Experiment same = SomeExperiment();
  same.mutable_strategy()->mutable_ars()->set_step_size(0.02);

  EXPECT_TRUE(OpenOnce(path, same).ok());
  EXPECT_EQ(ConfigDigest(same), ConfigDigest(SomeExperiment()));
}

TEST(RunDirectoryTest, TheBudgetMayChangeWhereThatIsAllowed) {
  const std::string path = FreshFolder() + "/run";
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());
  v1::Experiment longer = SomeExperiment();
  longer.mutable_budget()->set_generations(50);
  EXPECT_TRUE(absl::IsInvalidArgument(OpenOnce(path, longer)));

  RunDirectory::Options options = SomeOptions();
  options.allowed_changes = {"budget.generations"};
  const auto directory = RunDirectory::Open(path, longer, options);

  ASSERT_TRUE(directory.ok()) << directory.status();
  ASSERT_EQ((*directory)->changes().size(), 1);
  EXPECT_EQ((*directory)->changes()[0].path, "budget.generations");
  EXPECT_EQ(ReadRunExperiment(path)->budget().generations(), 50);
  EXPECT_THAT(ReadRunMeta(path)->starts(1).config_changes(),
              ElementsAre("budget.generations: 20 -> 50"));
}

TEST(RunDirectoryTest, SoMayTheShareOfAudits) {
  const std::string path = FreshFolder() + "/run";
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());
  v1::Experiment wary = SomeExperiment();
  wary.set_audit_fraction(1);
  RunDirectory::Options options = SomeOptions();
  options.allowed_changes = {"audit_fraction"};

  const auto directory = RunDirectory::Open(path, wary, options);

  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ((*directory)->experiment().audit_fraction(), 1);
}

TEST(RunDirectoryTest, NothingThatDecidesTheOutcomeMayEverChange) {
  RunDirectory::Options options = SomeOptions();
  options.allowed_changes = {"strategy.ars.sigma"};

  const absl::Status status =
      OpenOnce(FreshFolder() + "/run", SomeExperiment(), options);

  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(status.message(), HasSubstr("strategy.ars.sigma"));
  EXPECT_THAT(status.message(), HasSubstr("budget.env_steps"));
}

TEST(RunDirectoryTest, ResumeNeverRefusesARunAndForeignFiles) {
  const std::string path = FreshFolder() + "/run";
  RunDirectory::Options options = SomeOptions();
  options.resume = ResumeMode::kNever;
  ASSERT_TRUE(OpenOnce(path, SomeExperiment(), options).ok());

  EXPECT_TRUE(
      absl::IsInvalidArgument(OpenOnce(path, SomeExperiment(), options)));
}

TEST(RunDirectoryTest, ResumeMustNeedsACheckpoint) {
  const std::string path = FreshFolder() + "/run";
  RunDirectory::Options options = SomeOptions();
  options.resume = ResumeMode::kMust;
  EXPECT_TRUE(absl::IsNotFound(OpenOnce(path, SomeExperiment(), options)));
  ASSERT_TRUE(OpenOnce(path, SomeExperiment()).ok());
  AddCheckpoint(path);

  const auto directory = RunDirectory::Open(path, SomeExperiment(), options);

  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_TRUE((*directory)->has_checkpoint());
}

TEST(RunDirectoryTest, SomebodyElsesFolderIsNotTouched) {
  const std::string path = FreshFolder();
  ASSERT_TRUE(WriteFileAtomically(path + "/thesis.tex", "").ok());

  const absl::Status status = OpenOnce(path, SomeExperiment());

  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("thesis.tex"));
  EXPECT_FALSE(fs::exists(path + "/config.textproto"));
}

TEST(RunDirectoryTest, LogsOfAStartingScriptAreNotForeign) {
  const std::string path = FreshFolder();
  fs::create_directories(path + "/logs");

  EXPECT_TRUE(OpenOnce(path, SomeExperiment()).ok());
}

TEST(RunDirectoryTest, WithoutItsConfigurationARunIsKnownByItsCheckpoint) {
  const std::string path = FreshFolder() + "/run";
  v1::Experiment small = SmallCheckpoint(5).experiment();
  ASSERT_TRUE(OpenOnce(path, small).ok());
  AddCheckpoint(path);
  ASSERT_TRUE(WriteFileAtomically(path + "/config.textproto", "nonsense").ok());

  EXPECT_TRUE(absl::IsInvalidArgument(OpenOnce(path, SomeExperiment())));
  EXPECT_TRUE(OpenOnce(path, small).ok());
  EXPECT_EQ(ReadRunExperiment(path)->name(), "small");
}

TEST(RunDirectoryTest, WorkersFindTheEndpointWhileTheRunIsLive) {
  const std::string path = FreshFolder() + "/run";
  {
    auto directory = RunDirectory::Open(path, SomeExperiment(), SomeOptions());
    EXPECT_TRUE(absl::IsUnavailable(ReadEndpoint(path + "/endpoint").status()));
    ASSERT_TRUE((*directory)->WriteEndpoint("host:4321").ok());

    const auto endpoint = ReadEndpoint(path + "/endpoint");

    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->address(), "host:4321");
    EXPECT_EQ(endpoint->run(), "swing");
  }
  EXPECT_FALSE(fs::exists(path + "/endpoint"));
}

TEST(RunDirectoryTest, APathThatCannotBeAFolderIsNamed) {
  const std::string file = FreshFolder() + "/file";
  ASSERT_TRUE(WriteFileAtomically(file, "").ok());

  for (const std::string& path : {file, file + "/run"}) {
    const absl::Status status = OpenOnce(path, SomeExperiment());
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(file));
    EXPECT_THAT(status.message(), HasSubstr("--run"));
  }
}

TEST(RunNameTest, TakesWhatIsSafeInAPathAndNothingElse) {
  for (const std::string& name :
       {std::string("a"), std::string("A-z_0.9"), std::string(64, 'x')}) {
    EXPECT_TRUE(ValidateRunName(name).ok()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(".hidden"), std::string("a/b"),
        std::string("a b"), std::string("ä"), std::string(65, 'x'),
        std::string("a\0b", 3)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ValidateRunName(name))) << name;
  }
  EXPECT_EQ(DefaultRunPath(SomeExperiment()), "runs/swing-s7");
}

}  // namespace
}  // namespace starling
