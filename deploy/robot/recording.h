// What a robot saw and did, as a table.
#ifndef STARLING_DEPLOY_ROBOT_RECORDING_H_
#define STARLING_DEPLOY_ROBOT_RECORDING_H_

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/vectors.h"

namespace starling {

// Columns time_s, reset (1: an episode begins), obs_i, action_i, source (whose
// the action is: "policy", "limited", or why it is the safe one: "stale",
// "no_answer"). `starling act --observations` takes it. Numbers round-trip.
class Recording {
 public:
  // A new file; AlreadyExists if there is one, PermissionDenied if it can't be
  // made.
  static absl::StatusOr<Recording> Create(const std::string& path,
                                          int state_size, int action_size);

  // Writes through a buffer of 1 MiB: a slow disk is seldom waited for.
  void Add(double time_s, bool is_reset, ConstVectorRef observation,
           ConstVectorRef action, const char* source);
  // Unavailable: not all could be written (the disk is full, ..).
  absl::Status Close();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  Recording(std::string path, std::FILE* file);

  std::string path_;
  // Lives longer than the file.
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_ROBOT_RECORDING_H_
