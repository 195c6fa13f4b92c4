// Which addresses only this host reaches.
#ifndef STARLING_BASE_LOOPBACK_H_
#define STARLING_BASE_LOOPBACK_H_

#include <string>

namespace starling {

// Of a host as addresses name it, an IPv6 one without its brackets. A name
// like 127.example.org is anybody's. No name is looked up.
bool IsLoopback(const std::string& host);

}  // namespace starling

#endif  // STARLING_BASE_LOOPBACK_H_
