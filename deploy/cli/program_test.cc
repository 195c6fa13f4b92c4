// The frame, with verbs made up for the test.
#include "deploy/cli/program.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class Greet : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddInteger(app, "--times", &times_, 1, 9, "How often.");
    AddSeed(app, "--seed", &seed_, "Key.");
    AddRepeated(app, "--set", &sets_, "PATH=VALUE", "Changes a field.");
    AddPositional(app, "NAME", &name_, "Whom.");
  }
  absl::Status Run() override {
    if (name_ == "nobody") return absl::InvalidArgumentError("nobody is there");
    if (name_ == "torn") return absl::DataLossError("it is damaged");
    if (name_ == "later") return absl::CancelledError("stopped");
    std::cout << name_ << " " << times_ << " " << seed_;
    for (const std::string& set : sets_) std::cout << " " << set;
    std::cout << "\n";
    return absl::OkStatus();
  }

 private:
  std::string name_;
  int times_ = 1;
  uint64_t seed_ = 7;
  std::vector<std::string> sets_;
};
STARLING_REGISTER_VERB(greet, Greet,
                       {"greet",
                        VerbGroup::kTrain,
                        "Greets somebody.",
                        {"starling greet world", "starling greet moon"}});

class Measure : public Greet {};
STARLING_REGISTER_VERB(bench_fast, Measure,
                       {"bench fast",
                        VerbGroup::kMachine,
                        "Measures fast.",
                        {"starling bench fast a", "starling bench fast b"}});

struct Answer {
  int exit_code;
  std::string out, err;
};

Answer Call(std::vector<const char*> words) {
  words.insert(words.begin(), "starling");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Answer answer;
  answer.exit_code = RunProgram(static_cast<int>(words.size()), words.data());
  std::cout.flush();
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ProgramTest, HelpListsVerbsInTheirGroups) {
  const Answer answer = Call({"--help"});

  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_TRUE(Has(answer.out, "Train:\n  greet       Greets somebody.\n"))
      << answer.out;
  EXPECT_TRUE(Has(answer.out, "bench fast  Measures fast.")) << answer.out;
  EXPECT_EQ(answer.err, "");
}

TEST(ProgramTest, HelpOfAVerbEndsWithItsExamples) {
  const Answer answer = Call({"greet", "--help"});

  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_TRUE(Has(answer.out, "--times N")) << answer.out;
  EXPECT_TRUE(Has(answer.out, "Examples:\n  starling greet world\n"))
      << answer.out;
}

TEST(ProgramTest, ArgumentsReachTheVerb) {
  const Answer answer = Call({"greet", "--set", "a=1", "you", "--set=b=2",
                              "--seed", "18446744073709551615"});

  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_EQ(answer.out, "you 1 18446744073709551615 a=1 b=2\n");
}

TEST(ProgramTest, VerbsOfTwoWordsAreFound) {
  EXPECT_EQ(Call({"bench", "fast", "x"}).out, "x 1 7\n");
  EXPECT_TRUE(Has(Call({"bench", "--help"}).out, "fast  Measures fast."));
  EXPECT_TRUE(Has(Call({"bench", "fats"}).err, "did you mean fast?"));
  EXPECT_EQ(Call({"bench", "fats"}).exit_code, 2);
  EXPECT_EQ(Call({"bench"}).exit_code, 2);
}

TEST(ProgramTest, NoVerbPrintsTheHelpAsAnError) {
  const Answer answer = Call({});

  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_EQ(answer.out, "");
  EXPECT_TRUE(Has(answer.err, "Usage: starling VERB"));
}

TEST(ProgramTest, UnknownVerbNamesTheNearest) {
  const Answer answer = Call({"gret"});

  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_TRUE(Has(answer.err,
                  "starling: error: there is no verb 'gret'; did "
                  "you mean greet?"))
      << answer.err;
}

TEST(ProgramTest, UnknownFlagNamesTheNearest) {
  const Answer answer = Call({"greet", "you", "--tims=3"});

  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_EQ(answer.out, "");
  EXPECT_TRUE(Has(answer.err,
                  "starling greet: error: there is no flag --tims; "
                  "did you mean --times?"))
      << answer.err;
}

TEST(ProgramTest, BadValuesAreQuotedWithWhatIsTaken) {
  for (const char* value : {"0", "10", "x", "1.5", "0x3", "", " 3", "+3"}) {
    const Answer answer = Call({"greet", "you", "--times", value});
    EXPECT_EQ(answer.exit_code, 2) << value;
    EXPECT_TRUE(Has(answer.err, std::string("--times: '") + value +
                                    "' is not an integer in [1, 9]"))
        << answer.err;
  }
  for (const char* value : {"-1", "18446744073709551616", "1e3"}) {
    EXPECT_EQ(Call({"greet", "you", "--seed", value}).exit_code, 2) << value;
  }
}

TEST(ProgramTest, MissingAndSurplusArgumentsAreNamed) {
  EXPECT_TRUE(Has(Call({"greet"}).err, "NAME is required"));
  EXPECT_TRUE(Has(Call({"greet", "a", "b"}).err, "'b' is one argument too"));
  EXPECT_EQ(Call({"greet", "a", "b"}).exit_code, 2);
}

TEST(ProgramTest, StatusBecomesOneLineAndAnExitCode) {
  const Answer answer = Call({"greet", "nobody"});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_EQ(answer.err, "starling greet: error: nobody is there\n");
  EXPECT_EQ(Call({"greet", "torn"}).exit_code, 5);
  EXPECT_EQ(Call({"greet", "later"}).exit_code, 75);
}

}  // namespace
}  // namespace starling
