#!/usr/bin/env bash
# Sets the machine up, builds every test and runs it. The last line is
# "N passed, M failed"; the exit status is 0 only if M is 0.
#
# Usage: bash tests/run.sh [BAZEL_OPTION..]          for example --config=asan
#        TARGETS=//envs/... bash tests/run.sh        only these
set -uo pipefail
cd "$(dirname "$0")/.."
bash deploy/setup.sh --robot || exit

targets=${TARGETS:-//...}

# In continuous integration nobody comes back to Bazel's server, and a busy
# machine may need longer to start it than a client waits.
bazel=(bazel)
[ -z "${CI:-}" ] || bazel+=(--batch)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "tests: building and running tests; the first build takes several minutes" >&2
# shellcheck disable=SC2086
"${bazel[@]}" test --keep_going --show_progress --show_progress_rate_limit=20 \
  "$@" $targets 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

# The last summary: "Executed 3 out of 61 tests: 60 tests pass and 1 fails
# locally", with parts for tests that did not build or time out.
summary=$(grep -E '^Executed [0-9]+ out of [0-9]+ tests?:' "$log" | tail -n 1)
total=$(sed -nE 's/^Executed [0-9]+ out of ([0-9]+) tests?:.*/\1/p' <<<"$summary")
passed=$(sed -nE 's/.*: ([0-9]+) tests? pass.*/\1/p' <<<"$summary")
total=${total:-0}
passed=${passed:-0}
failed=$((total - passed))
# Nothing ran, or Bazel failed for a reason that is no test.
if [ "$total" = 0 ] || { [ "$status" != 0 ] && [ "$failed" = 0 ]; }; then
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
