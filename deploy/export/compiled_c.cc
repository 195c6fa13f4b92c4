#include "deploy/export/compiled_c.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"

extern char** environ;

namespace starling {
namespace {

// A folder that goes with the object.
class TemporaryFolder {
 public:
  static absl::StatusOr<TemporaryFolder> Create() {
    std::error_code error;
    const auto parent = std::filesystem::temp_directory_path(error);
    if (error) {
      return absl::InternalError(
          absl::StrCat("there is no folder for temporary files (TMPDIR): ",
                       error.message()));
    }
    std::string path = (parent / "starling-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return absl::InternalError(
          absl::StrCat(path, ": can't be made: ", std::strerror(errno)));
    }
    return TemporaryFolder(path);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept
      : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  std::string File(const std::string& name) const {
    return absl::StrCat(path_, "/", name);
  }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Exit status, 128 + signal, or -1 if there is no such program.
int Run(const std::vector<std::string>& words, const std::string& in,
        const std::string& out, const std::string& err) {
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.c_str(), kWrite, 0600);
  posix_spawn_file_actions_addopen(&files, 2, err.c_str(), kWrite, 0600);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &files, nullptr,
                                 arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return -1;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Main(const std::string& name, int num_states) {
  const std::string upper = absl::AsciiStrToUpper(name);
  return absl::StrCat("#include <stdio.h>\n#include \"", name,
                      ".h\"\nint main(void) {\n  float state[", upper,
                      "_STATE_SIZE + 1], action[", upper,
                      "_ACTION_SIZE];\n  int i;\n"
                      "  for (i = 0; i < ",
                      num_states, "; ++i) {\n    if (fread(state, 4, ", upper,
                      "_STATE_SIZE, stdin) != ", upper,
                      "_STATE_SIZE) return 1;\n    ", name,
                      "_act(state, action);\n    if (fwrite(action, 4, ", upper,
                      "_ACTION_SIZE, stdout) != ", upper,
                      "_ACTION_SIZE) return 2;\n  }\n  return 0;\n}\n");
}

}  // namespace

absl::StatusOr<std::vector<float>> RunC(const CSource& source,
                                        const std::string& name,
                                        const std::vector<float>& states,
                                        int num_states, int action_size) {
  ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create());
  const std::string code = folder.File(name + ".c");
  const std::string main = folder.File("main.c");
  const std::string program = folder.File("program");
  const std::string in = folder.File("states"), out = folder.File("actions"),
                    err = folder.File("messages");
  RETURN_IF_ERROR(WriteFileAtomically(folder.File(name + ".h"), source.header));
  RETURN_IF_ERROR(WriteFileAtomically(code, source.source));
  RETURN_IF_ERROR(WriteFileAtomically(main, Main(name, num_states)));
  RETURN_IF_ERROR(WriteFileAtomically(
      in, absl::string_view(reinterpret_cast<const char*>(states.data()),
                            states.size() * sizeof(float))));

  const char* const chosen = std::getenv("CC");
  const std::string compiler =
      chosen != nullptr && *chosen != 0 ? chosen : "cc";
  const int compiled =
      Run({compiler, "-std=c99", "-O2", "-ffp-contract=off", "-Wall", "-Wextra",
           "-Wpedantic", "-Werror", "-o", program, code, main},
          "/dev/null", out, err);
  if (compiled == -1 || compiled == 127) {
    return absl::FailedPreconditionError(absl::StrCat(
        "there is no C compiler \"", compiler,
        "\" to test the export with; install one (apt-get install gcc) or name "
        "yours in CC"));
  }
  if (compiled != 0) {
    ASSIGN_OR_RETURN(const std::string messages, ReadFile(err));
    return absl::InternalError(absl::StrCat(
        compiler, " refuses the exported C: ", messages.substr(0, 2000)));
  }
  if (const int status = Run({program}, in, out, err); status != 0) {
    return absl::InternalError(absl::StrCat("the exported C ended with status ",
                                            status, " on golden vectors"));
  }
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(out));
  std::vector<float> actions(static_cast<size_t>(num_states) * action_size);
  if (bytes.size() != actions.size() * sizeof(float)) {
    return absl::InternalError(absl::StrCat("the exported C answered ",
                                            bytes.size(), " bytes, not ",
                                            actions.size() * sizeof(float)));
  }
  std::memcpy(actions.data(), bytes.data(), bytes.size());
  return actions;
}

}  // namespace starling
