#!/usr/bin/env bash
# From a fresh clone to a running HalfCheetah: sets the machine up, builds,
# trains deploy/experiments/half_cheetah_ars.textproto before your eyes,
# evaluates it, films it and draws its learning curve.
#
# Usage: bash deploy/quickstart.sh [SEED [TRAIN_OPTION..]]
#   SEED           of the run, 1 unless given
#   TRAIN_OPTION   as for `starling train`, for example --workers 8
# The same command again resumes where it was interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${1:-1}
case $seed in
  -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "$0"; exit 0 ;;
  *[!0-9]* | "") echo "quickstart: SEED must be a number, got '$seed'; --help tells more" >&2; exit 2 ;;
esac
shift $(($# > 0))

step() { printf '\n== %s\n' "$*" >&2; }

step "1/6 Setting up this machine"
bash deploy/setup.sh

step "2/6 Building (minutes the first time, seconds afterwards)"
bazel build --show_progress --show_progress_rate_limit=20 \
  //deploy/cli:starling //deploy/media:film
starling=bazel-bin/deploy/cli/starling
run=runs/half_cheetah_ars-s$seed

step "3/6 Training HalfCheetah: ARS V2-t, a linear policy, $(nproc) workers over gRPC"
"$starling" train deploy/experiments/half_cheetah_ars.textproto \
  --set "seed=$seed" --run "$run" "$@"

step "4/6 Evaluating 100 fresh episodes"
"$starling" eval "$run" --episodes 100

step "5/6 Filming an episode"
"$starling" render "$run" --out half_cheetah.mp4

step "6/6 Drawing the learning curve"
"$starling" plot "$run" --out "$run/learning_curve.png"

cat <<END

Done. Look at
  half_cheetah.mp4               the robot, running
  $run/learning_curve.png        how it learned
  $run                           the run: checkpoints, metrics, configuration

Try next
  $starling train deploy/experiments/swimmer_ars.textproto
  $starling train deploy/experiments/half_cheetah_ars.textproto --set seed=2
  $starling --help
END
