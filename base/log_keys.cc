#include "base/log_keys.h"

#include <mutex>

namespace starling {
namespace {

std::mutex& Mutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

std::map<std::string, std::string>& Keys() {  // guarded by Mutex()
  static auto* keys = new std::map<std::string, std::string>;
  return *keys;
}

}  // namespace

void SetLogKey(const std::string& name, const std::string& value) {
  const std::lock_guard<std::mutex> lock(Mutex());
  if (value.empty()) {
    Keys().erase(name);
  } else {
    Keys()[name] = value;
  }
}

std::map<std::string, std::string> LogKeys() {
  const std::lock_guard<std::mutex> lock(Mutex());
  return Keys();
}

}  // namespace starling
