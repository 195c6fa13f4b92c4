// The fault matrix: what a test of one of its rows saw, for people.
//
// Rows have a fast form, which runs with all tests, and a full one
// (STARLING_FAULTS=full). With STARLING_FAULTS_REPORT=FILE each row appends a
// line to that file: number, fault, expected, seen, seconds and verdict,
// separated by tabs. tests/faults/run.sh makes a table of them.
#ifndef STARLING_TESTS_FAULTS_MATRIX_H_
#define STARLING_TESTS_FAULTS_MATRIX_H_

#include <chrono>
#include <string>

namespace starling::testing {

// Whether rows are to run in their full form.
bool IsFullForm();

// Lives as long as the test of the row; reports when it ends.
class Row {
 public:
  Row(int number, std::string fault, std::string expected);
  ~Row();
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  // One more thing that was seen: "re-leased after 2.1 s".
  void Saw(const std::string& what);

 private:
  const int number_;
  const std::string fault_, expected_;
  const std::chrono::steady_clock::time_point began_;
  std::string seen_;
};

// Measures a time in seconds.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         began_)
        .count();
  }
  // "2.1 s"
  std::string Text() const;

 private:
  const std::chrono::steady_clock::time_point began_ =
      std::chrono::steady_clock::now();
};

}  // namespace starling::testing

#endif  // STARLING_TESTS_FAULTS_MATRIX_H_
