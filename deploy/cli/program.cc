#include "deploy/cli/program.h"

#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/nearest.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/help.h"
#include "deploy/cli/logging.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

constexpr int kBadUsage = 2;

int Fail(const std::string& verb, absl::string_view message, int exit_code) {
  std::cout.flush();
  const std::string line = absl::StrCat("starling", verb.empty() ? "" : " ",
                                        verb, ": error: ", message);
  if (CurrentLogFormat() == LogFormat::kJson) {
    WriteLogLine("error", line);
  } else {
    std::cerr << line << std::endl;
  }
  return exit_code;
}

std::string DidYouMean(const std::string& word,
                       const std::vector<std::string>& known) {
  const std::string nearest = Nearest(word, known);
  return nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?");
}

// The verbs whose first word is `word`.
std::vector<VerbInfo> Family(const std::string& word) {
  std::vector<VerbInfo> family;
  for (const VerbInfo& info : Verbs()) {
    if (info.name == word || absl::StartsWith(info.name, word + " ")) {
      family.push_back(info);
    }
  }
  return family;
}

int FailUnknownVerb(const std::string& word) {
  std::vector<std::string> names;
  for (const VerbInfo& info : Verbs()) {
    names.push_back(info.name.substr(0, info.name.find(' ')));
  }
  return Fail(
      "",
      absl::StrCat("there is no verb '", word, "'", DidYouMean(word, names),
                   " (starling --help lists all)"),
      kBadUsage);
}

// Of a verb of two words: what may follow the first.
int AnswerFirstWord(const std::string& word, const std::string& second,
                    const std::vector<VerbInfo>& family) {
  std::string help = absl::StrCat("Usage: starling ", word, " NAME ..\n\n");
  std::vector<std::string> names;
  for (const VerbInfo& info : family) {
    names.push_back(info.name.substr(word.size() + 1));
    absl::StrAppend(&help, "  ", names.back(), "  ", info.summary, "\n");
  }
  for (const VerbInfo& info : family) {
    absl::StrAppend(&help, "\n", ExamplesHelp(info));
  }
  if (second == "--help" || second == "-h") {
    std::cout << help;
    return 0;
  }
  if (second.empty()) {
    return Fail(word, absl::StrCat("a name is missing\n", help), kBadUsage);
  }
  return Fail(
      word,
      absl::StrCat("there is no '", second, "'", DidYouMean(second, names),
                   " (starling ", word, " --help lists all)"),
      kBadUsage);
}

// A parse error in our words.
std::string Explain(const CLI::App& app, const CLI::ParseError& error,
                    const std::string& verb) {
  const std::string hint =
      absl::StrCat(" (starling ", verb, " --help shows what it takes)");
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) {
    return absl::StrCat(error.what(), hint);
  }
  const std::vector<std::string> extras = app.remaining();
  std::string extra = extras.empty() ? "" : extras[0];
  for (const std::string& word : extras) {
    if (absl::StartsWith(word, "-")) {
      extra = word;
      break;
    }
  }
  if (!absl::StartsWith(extra, "-")) {
    return absl::StrCat("'", extra, "' is one argument too many", hint);
  }
  extra = extra.substr(0, extra.find('='));
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      flags.push_back("--" + name);
    }
  }
  return absl::StrCat("there is no flag ", extra, DidYouMean(extra, flags),
                      hint);
}

int RunVerb(const VerbInfo& info, int argc, const char* const* argv) {
  const std::unique_ptr<Verb> verb = info.make();
  CLI::App app(info.summary, "starling " + info.name);
  app.footer(ExamplesHelp(info));
  app.set_help_flag("-h,--help", "Prints this and exits.");
  bool verbose = false;
  app.add_flag("--verbose", verbose, "Logs more, to standard error.");
  std::string log_format = "text";
  AddChoice(app, "--log_format", &log_format, {"text", "json"},
            "how lines on standard error look; json: one object a line");
  verb->Declare(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    return Fail(info.name, Explain(app, error, info.name), kBadUsage);
  }

  InitLogging(argv[0], verbose,
              log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  const absl::Status status = verb->Run();
  FlushLogs();
  std::cout.flush();
  if (!status.ok()) {
    return Fail(info.name,
                absl::StripSuffix(absl::string_view(status.message().data(),
                                                    status.message().size()),
                                  "\n"),
                ExitCode(status.code()));
  }
  if (!std::cout) {
    return Fail(info.name, "standard output can't be written: is it full?", 3);
  }
  return 0;
}

}  // namespace

int RunProgram(int argc, const char* const* argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "--help" || word == "-h" || word == "help") {
    std::cout << ProgramHelp(Verbs());
    return 0;
  }
  if (word.empty()) {
    std::cerr << ProgramHelp(Verbs());
    return kBadUsage;
  }
  const std::vector<VerbInfo> family = Family(word);
  if (family.empty()) return FailUnknownVerb(word);
  if (family[0].name == word) return RunVerb(family[0], argc - 1, argv + 1);
  const std::string second = argc > 2 ? argv[2] : "";
  for (const VerbInfo& info : family) {
    if (info.name == absl::StrCat(word, " ", second)) {
      return RunVerb(info, argc - 2, argv + 2);
    }
  }
  return AnswerFirstWord(word, second, family);
}

}  // namespace starling
