// The program `starling`: finds the verb, parses its flags, runs it, and turns
// its Status into one clear line and an exit status.
#ifndef STARLING_DEPLOY_CLI_PROGRAM_H_
#define STARLING_DEPLOY_CLI_PROGRAM_H_

namespace starling {

// The exit status of `starling argv[1] ..`. Once a process.
int RunProgram(int argc, const char* const* argv);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_PROGRAM_H_
