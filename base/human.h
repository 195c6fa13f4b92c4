// Numbers as people read them, on terminals and in reports. Thread-safe.
#ifndef STARLING_BASE_HUMAN_H_
#define STARLING_BASE_HUMAN_H_

#include <cstdint>
#include <string>

namespace starling {

// "1,234,567".
std::string HumanCount(uint64_t count);

// "59 s", "3:07", "2:05:09", "3 d 4 h"; "?" where it is negative or not finite.
std::string HumanDuration(double seconds);

}  // namespace starling

#endif  // STARLING_BASE_HUMAN_H_
