// Exported C on an emulated microcontroller.
#ifndef STARLING_TESTS_TESTING_BOARD_BOARD_H_
#define STARLING_TESTS_TESTING_BOARD_BOARD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/export/c_source.h"

namespace starling::testing {

// Of `arm-none-eabi-gcc`, and QEMU's name of a board that has it.
struct Microcontroller {
  std::string name;
  std::vector<std::string> flags;
  std::string machine;
};
Microcontroller CortexM4();
Microcontroller CortexM7();

// What the compiler made of the exported source alone.
struct CompiledSize {
  int64_t flash_bytes = 0;
  // Static memory that is written to.
  int64_t ram_bytes = 0;
  // Of the function and of the largest that it calls, by the compiler's count.
  int64_t stack_bytes = 0;
};

// Files of one export in `folder`: <name>.h, <name>.c. Fails the test on a
// warning.
void WriteSource(const CSource& source, const std::string& name,
                 const std::string& folder);
CompiledSize Compile(const Microcontroller& on, const std::string& name,
                     const std::string& folder,
                     const std::string& optimisation);

// The whole program in `folder` as a command that answers each state on its
// standard input with an action on its standard output, 32-bit floats both;
// when the input ends it writes `measures` there.
std::vector<std::string> BoardCommand(const Microcontroller& on,
                                      const std::string& name,
                                      const std::string& folder, int state_size,
                                      int action_size);

struct Measures {
  // Of one action.
  uint32_t stack_bytes = 0, instructions = 0;
};
Measures ReadMeasures(const std::string& folder);

}  // namespace starling::testing

#endif  // STARLING_TESTS_TESTING_BOARD_BOARD_H_
