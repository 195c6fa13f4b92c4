// What this program calls itself.
#ifndef STARLING_BASE_VERSION_H_
#define STARLING_BASE_VERSION_H_

namespace starling {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace starling

#endif  // STARLING_BASE_VERSION_H_
