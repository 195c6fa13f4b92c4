#include "tests/faults/matrix.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "gtest/gtest.h"

namespace starling::testing {
namespace {

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", seconds);
  return text;
}

}  // namespace

bool IsFullForm() {
  const char* form = getenv("STARLING_FAULTS");
  return form != nullptr && strcmp(form, "full") == 0;
}

Row::Row(int number, std::string fault, std::string expected)
    : number_(number),
      fault_(std::move(fault)),
      expected_(std::move(expected)),
      began_(std::chrono::steady_clock::now()) {}

Row::~Row() {
  const char* report = getenv("STARLING_FAULTS_REPORT");
  if (report == nullptr) return;
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - began_;
  // One write: rows of several programs may end at once.
  std::ofstream(report, std::ios::app)
      << std::to_string(number_) + "\t" + fault_ + "\t" + expected_ + "\t" +
             seen_ + "\t" + Seconds(took.count()) + "\t" +
             (::testing::Test::HasFailure() ? "FAILED" : "ok") + "\n"
      << std::flush;
}

void Row::Saw(const std::string& what) {
  if (!seen_.empty()) seen_ += "; ";
  seen_ += what;
}

std::string Stopwatch::Text() const { return Seconds(seconds()) + " s"; }

}  // namespace starling::testing
