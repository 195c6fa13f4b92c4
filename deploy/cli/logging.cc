#include "deploy/cli/logging.h"

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/log_keys.h"
#include "deploy/cli/json.h"
#include "deploy/cli/log_limiter.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kNames[] = {"info", "warning", "error", "fatal"};

std::string JsonLine(absl::string_view level, absl::string_view message,
                     const std::string& source) {
  JsonObject line;
  line.Set("time", absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6SZ", absl::Now(),
                                    absl::UTCTimeZone()))
      .Set("level", level)
      .Set("message", message);
  if (!source.empty()) line.Set("source", source);
  for (const auto& [name, value] : LogKeys()) line.Set(name, value);
  return line.text();
}

class StderrSink : public google::LogSink {
 public:
  StderrSink(bool verbose, LogFormat format)
      : verbose_(verbose), format_(format) {}

  LogFormat format() const { return format_; }

  void send(google::LogSeverity severity, const char*, const char* file,
            int line, const google::LogMessageTime&, const char* message,
            size_t length) override {
    const std::string text(message, length);
    const std::lock_guard<std::mutex> lock(mutex_);
    TellHeldBack(/*all=*/false);
    if (severity == google::GLOG_FATAL ||
        limiter_.Admit(severity, file, line, text, Clock::now())) {
      Write(Format(severity, file, line, text));
    }
  }

  void WriteLine(absl::string_view level, absl::string_view line) {
    const std::string text = format_ == LogFormat::kJson
                                 ? JsonLine(level, line, "")
                                 : std::string(line);
    const std::lock_guard<std::mutex> lock(mutex_);
    Write(text);
  }

  void Flush() {
    const std::lock_guard<std::mutex> lock(mutex_);
    TellHeldBack(/*all=*/true);
  }

  void Route(std::function<void(absl::string_view)> write) {
    const std::lock_guard<std::mutex> lock(mutex_);
    write_ = std::move(write);
  }

 private:
  std::string Format(int severity, const std::string& file, int line,
                     const std::string& text) const {
    const std::string place = absl::StrCat(file, ":", line);
    if (format_ == LogFormat::kJson) {
      return JsonLine(kNames[severity], text, place);
    }
    const bool shows_place = verbose_ || severity == google::GLOG_FATAL;
    return absl::StrCat(
        absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()), " ",
        kNames[severity], ": ", text,
        shows_place ? absl::StrCat(" (", place, ")") : "");
  }

  // Both with the mutex held.
  void TellHeldBack(bool all) {
    for (const LogLimiter::HeldBack& held : limiter_.Take(Clock::now(), all)) {
      Write(Format(held.severity, held.file, held.line,
                   absl::StrCat(held.message, " [", held.count,
                                held.count == 1 ? " line" : " lines",
                                " like this did not appear]")));
    }
  }
  void Write(const std::string& text) {
    if (write_) {
      write_(text);
    } else {
      std::fprintf(stderr, "%s\n", text.c_str());
    }
  }

  const bool verbose_;
  const LogFormat format_;
  std::mutex mutex_;
  LogLimiter limiter_;                            // guarded by mutex_
  std::function<void(absl::string_view)> write_;  // guarded by mutex_
};

StderrSink* sink = nullptr;

}  // namespace

void InitLogging(const char* program, bool verbose, LogFormat format) {
  if (sink != nullptr) return;
  sink = new StderrSink(verbose, format);  // used until the process ends
  FLAGS_minloglevel = verbose ? google::GLOG_INFO : google::GLOG_WARNING;
  // The sink alone writes: no files, no second copy.
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
  google::InitGoogleLogging(program);
  google::AddLogSink(sink);
}

LogFormat CurrentLogFormat() {
  return sink == nullptr ? LogFormat::kText : sink->format();
}

void WriteLogLine(absl::string_view level, absl::string_view line) {
  CHECK(sink != nullptr) << "WriteLogLine before InitLogging";
  sink->WriteLine(level, line);
}

void FlushLogs() {
  if (sink != nullptr) sink->Flush();
}

void RouteLogs(std::function<void(absl::string_view line)> write) {
  CHECK(sink != nullptr) << "RouteLogs before InitLogging";
  sink->Route(std::move(write));
}

}  // namespace starling
