#include "tests/testing/board/board.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace starling::testing {
namespace {

constexpr char kCompiler[] = "/usr/bin/arm-none-eabi-gcc";

std::vector<std::string> Command(const Microcontroller& on,
                                 const std::vector<std::string>& more) {
  std::vector<std::string> words = {kCompiler,          "-std=c99",   "-Wall",
                                    "-Wextra",          "-Wpedantic", "-Werror",
                                    "-ffp-contract=off"};
  words.insert(words.end(), on.flags.begin(), on.flags.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void MustRun(const std::vector<std::string>& command,
             const std::string& folder) {
  const ProcessResult result = RunProcess(command, folder);
  ASSERT_EQ(result.status, 0)
      << (result.status == 127
              ? "no such program; `bash deploy/setup.sh --robot` installs it"
              : "")
      << result.err;
}

}  // namespace

Microcontroller CortexM4() {
  return {
      "Cortex-M4",
      {"-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"},
      "mps2-an386"};
}

Microcontroller CortexM7() {
  return {
      "Cortex-M7",
      {"-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"},
      "mps2-an500"};
}

void WriteSource(const CSource& source, const std::string& name,
                 const std::string& folder) {
  ASSERT_TRUE(
      WriteFileAtomically(absl::StrCat(folder, "/", name, ".h"), source.header)
          .ok());
  ASSERT_TRUE(
      WriteFileAtomically(absl::StrCat(folder, "/", name, ".c"), source.source)
          .ok());
}

CompiledSize Compile(const Microcontroller& on, const std::string& name,
                     const std::string& folder,
                     const std::string& optimisation) {
  MustRun(Command(on, {optimisation, "-fstack-usage", "-c", name + ".c", "-o",
                       name + ".o"}),
          folder);
  CompiledSize size;
  // text, data, bss, ..
  const ProcessResult sizes =
      RunProcess({"/usr/bin/arm-none-eabi-size", name + ".o"}, folder);
  std::istringstream lines(sizes.out);
  std::string titles;
  int64_t data = 0, bss = 0;
  std::getline(lines, titles);
  lines >> size.flash_bytes >> data >> bss;
  EXPECT_TRUE(lines.good()) << sizes.out << sizes.err;
  size.ram_bytes = data + bss;
  // file:line:column:function <tab> bytes <tab> kind
  std::ifstream usage(absl::StrCat(folder, "/", name, ".su"));
  int64_t own = 0, deepest = 0;
  for (std::string line; std::getline(usage, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, '\t');
    int64_t bytes = 0;
    EXPECT_TRUE(parts.size() == 3 && parts[2] == "static" &&
                absl::SimpleAtoi(parts[1], &bytes))
        << line;
    if (absl::EndsWith(parts[0], name + "_act")) {
      own = bytes;
    } else {
      deepest = std::max(deepest, bytes);
    }
  }
  EXPECT_GT(own, 0);
  size.stack_bytes = own + deepest;
  return size;
}

std::vector<std::string> BoardCommand(const Microcontroller& on,
                                      const std::string& name,
                                      const std::string& folder, int state_size,
                                      int action_size) {
  MustRun(
      Command(on,
              {"-Os", "-nostdlib", absl::StrCat("-DHEADER=\"", name, ".h\""),
               absl::StrCat("-DACT=", name, "_act"),
               absl::StrCat("-DSTATE_SIZE=", state_size),
               absl::StrCat("-DACTION_SIZE=", action_size),
               absl::StrCat("-DMEASURES=\"", folder, "/measures\""), "-I", ".",
               "-T", DataPath("tests/testing/board/memory.ld"),
               DataPath("tests/testing/board/program.c"), name + ".c", "-lc",
               "-lgcc", "-o", "board.elf"}),
      folder);
  return {"/usr/bin/qemu-system-arm",
          "-M",
          on.machine,
          "-icount",
          "shift=0",
          "-semihosting-config",
          "enable=on,target=native",
          "-display",
          "none",
          "-monitor",
          "none",
          "-serial",
          "none",
          "-kernel",
          absl::StrCat(folder, "/board.elf")};
}

Measures ReadMeasures(const std::string& folder) {
  std::ifstream file(folder + "/measures", std::ios::binary);
  uint32_t numbers[2] = {0, 0};
  file.read(reinterpret_cast<char*>(numbers), sizeof(numbers));
  EXPECT_TRUE(file.good()) << "the board has measured nothing";
  return {numbers[0], numbers[1]};
}

}  // namespace starling::testing
