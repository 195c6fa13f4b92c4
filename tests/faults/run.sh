#!/usr/bin/env bash
# Runs rows of the fault matrix in their full form, one after the other, and
# prints the matrix as a Markdown table: row, fault, expected, seen, seconds,
# verdict. All rows take 75 minutes; the fast forms run with all tests
# (tests/run.sh).
#
# Usage: bash tests/faults/run.sh [ROW..]           for example 3 4 12
#        STARLING_FAULTS=fast bash tests/faults/run.sh [ROW..]
#        BAZEL_OPTIONS="--config=asan --config=ubsan" bash tests/faults/run.sh 13
set -uo pipefail
cd "$(dirname "$0")/../.."
bash deploy/setup.sh || exit

filter='*Row*'
if [ $# -gt 0 ]; then
  filter=''
  for row in "$@"; do
    if ! [[ $row =~ ^[0-9]+$ ]] || [ "$row" -lt 1 ] || [ "$row" -gt 28 ]; then
      echo "tests/faults/run.sh: there are rows 1 to 28, not $row" >&2
      exit 2
    fi
    filter+="*Row$(printf '%02d' "$((10#$row))")_*:"
  done
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
# shellcheck disable=SC2086
bazel test --keep_going --local_test_jobs=1 --cache_test_results=no \
  --test_timeout=7200 --test_output=errors --test_filter="$filter" \
  --test_env=STARLING_FAULTS="${STARLING_FAULTS:-full}" \
  --test_env=STARLING_FAULTS_REPORT="$report" ${BAZEL_OPTIONS:-} \
  //tests/faults/... //tests/integration:crash_test \
  //tests/integration:tls_test >&2
status=$?

echo '| row | fault | expected | seen | seconds | |'
echo '|---|---|---|---|---|---|'
sort -n "$report" | sed 's/|/\\|/g; s/\t/ | /g; s/^/| /; s/$/ |/'
exit "$status"
