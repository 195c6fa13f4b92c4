// What this process is about, for lines of a structured log: the run, the
// generation, the session. Text logs don't show it.
//
// Thread-safe. Values are for everybody's eyes: never a secret.
#ifndef STARLING_BASE_LOG_KEYS_H_
#define STARLING_BASE_LOG_KEYS_H_

#include <map>
#include <string>

namespace starling {

// From now on; an empty value removes the key. Names are those of JSON members
// and none of "time", "level", "message", "source".
void SetLogKey(const std::string& name, const std::string& value);

// All that are set.
std::map<std::string, std::string> LogKeys();

}  // namespace starling

#endif  // STARLING_BASE_LOG_KEYS_H_
