// A verb of the program `starling`: `starling NAME ..`.
//
// A verb is one file that registers itself and one line in this folder's BUILD:
//
//   class Eval : public Verb { .. };
//   STARLING_REGISTER_VERB(eval, Eval,
//                          {"eval", VerbGroup::kPolicy, "Measures a policy.",
//                           {"starling eval runs/a", "starling eval runs/b"}});
//
// It parses flags, joins objects of the libraries and returns a Status, whose
// code decides the exit status (exit_code.h). Results go to standard output,
// everything else to standard error.
#ifndef STARLING_DEPLOY_CLI_VERB_H_
#define STARLING_DEPLOY_CLI_VERB_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace starling {

class Verb {
 public:
  virtual ~Verb() = default;
  // Adds flags and arguments; their values live in the verb. flags.h has
  // strict ones.
  virtual void Declare(CLI::App& app) = 0;
  // Once, after the command line was parsed.
  virtual absl::Status Run() = 0;
};

// Headings of `starling --help`, in this order.
enum class VerbGroup { kTrain, kPolicy, kCluster, kLive, kMachine };

struct VerbInfo {
  // As typed: "eval", or two words: "bench rollout".
  std::string name;
  VerbGroup group;
  // One line, a sentence.
  std::string summary;
  // Two commands that work as they stand, in a checkout of the repository, in
  // order: the first run of `train` must come before what uses its result.
  std::vector<std::string> examples;
  // Filled in by RegisterVerb.
  std::function<std::unique_ptr<Verb>()> make = nullptr;
};

// All verbs that are linked in, by group, then by name.
std::vector<VerbInfo> Verbs();

// For the macro only. CHECK-fails on a second verb of the same name.
bool RegisterVerb(VerbInfo info, std::function<std::unique_ptr<Verb>()> make);

}  // namespace starling

#define STARLING_REGISTER_VERB(id, Class, ...)                         \
  const bool starling_registered_verb_##id = ::starling::RegisterVerb( \
      __VA_ARGS__, [] { return std::make_unique<Class>(); })

#endif  // STARLING_DEPLOY_CLI_VERB_H_
