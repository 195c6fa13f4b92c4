#include "deploy/cli/help.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace starling {
namespace {

const char* Title(VerbGroup group) {
  switch (group) {
    case VerbGroup::kTrain:
      return "Train";
    case VerbGroup::kPolicy:
      return "Look at what was trained";
    case VerbGroup::kCluster:
      return "Run on many machines";
    case VerbGroup::kLive:
      return "Look at and steer a live run";
    case VerbGroup::kMachine:
      return "Check and measure this machine";
  }
  return "";
}

}  // namespace

std::string ProgramHelp(const std::vector<VerbInfo>& verbs) {
  std::string help =
      "Starling trains policies by evolution strategies, on one machine or on "
      "many,\nwith the same bits.\n\nUsage: starling VERB [ARGUMENTS]\n";
  size_t width = 0;
  for (const VerbInfo& verb : verbs) width = std::max(width, verb.name.size());
  for (size_t i = 0; i < verbs.size(); ++i) {
    if (i == 0 || verbs[i].group != verbs[i - 1].group) {
      absl::StrAppend(&help, "\n", Title(verbs[i].group), ":\n");
    }
    absl::StrAppendFormat(&help, "  %-*s  %s\n", static_cast<int>(width),
                          verbs[i].name, verbs[i].summary);
  }
  absl::StrAppend(
      &help,
      "\nStart with:\n"
      "  starling train deploy/experiments/inverted_pendulum_ars.textproto\n"
      "  starling eval runs/inverted_pendulum_ars-s1\n"
      "\n`starling VERB --help` shows a verb's arguments and two examples.\n"
      "Exit status: 0 done, 2 bad usage or configuration, 3 cannot start, 4 "
      "refused,\n5 damaged data, 6 training failed, 70 internal error, 75 "
      "stopped after saving.\n");
  return help;
}

std::string ExamplesHelp(const VerbInfo& verb) {
  std::string help = "Examples:\n";
  for (const std::string& example : verb.examples) {
    absl::StrAppend(&help, "  ", example, "\n");
  }
  return help;
}

}  // namespace starling
