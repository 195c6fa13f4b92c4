// What `--help` says.
#ifndef STARLING_DEPLOY_CLI_HELP_H_
#define STARLING_DEPLOY_CLI_HELP_H_

#include <string>
#include <vector>

#include "deploy/cli/verb.h"

namespace starling {

// Of the program: verbs in groups, one line each, and two commands to start
// with.
std::string ProgramHelp(const std::vector<VerbInfo>& verbs);

// The end of a verb's help: its examples.
std::string ExamplesHelp(const VerbInfo& verb);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_HELP_H_
