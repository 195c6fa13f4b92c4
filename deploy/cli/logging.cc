#include "deploy/cli/logging.h"

#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"

namespace starling {
namespace {

class StderrSink : public google::LogSink {
 public:
  explicit StderrSink(bool verbose) : verbose_(verbose) {}

  void send(google::LogSeverity severity, const char*, const char* file,
            int line, const google::LogMessageTime& time, const char* message,
            size_t length) override {
    static constexpr const char* kNames[] = {"info", "warning", "error",
                                             "fatal"};
    const std::string where = verbose_ || severity == google::GLOG_FATAL
                                  ? absl::StrCat(" (", file, ":", line, ")")
                                  : "";
    const std::string text = absl::StrFormat(
        "%02d:%02d:%02d %s: %s%s", time.hour(), time.min(), time.sec(),
        kNames[severity], std::string(message, length), where);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (write_) {
      write_(text);
    } else {
      std::fprintf(stderr, "%s\n", text.c_str());
    }
  }

  void Route(std::function<void(absl::string_view)> write) {
    const std::lock_guard<std::mutex> lock(mutex_);
    write_ = std::move(write);
  }

 private:
  const bool verbose_;
  std::mutex mutex_;
  std::function<void(absl::string_view)> write_;  // guarded by mutex_
};

StderrSink* sink = nullptr;

}  // namespace

void InitLogging(const char* program, bool verbose) {
  if (sink != nullptr) return;
  sink = new StderrSink(verbose);  // used until the process ends
  FLAGS_minloglevel = verbose ? google::GLOG_INFO : google::GLOG_WARNING;
  // The sink alone writes: no files, no second copy.
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
  google::InitGoogleLogging(program);
  google::AddLogSink(sink);
}

void RouteLogs(std::function<void(absl::string_view line)> write) {
  CHECK(sink != nullptr) << "RouteLogs before InitLogging";
  sink->Route(std::move(write));
}

}  // namespace starling
