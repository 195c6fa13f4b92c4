#!/usr/bin/env bash
# A whole policy and a searched one as files for a robot: size and return, the
# table of deploy/export/README.md. HalfCheetah, 6,400 training episodes each.
#
# Usage: bash tests/benchmarks/export_size_study.sh DIR
#   SEEDS="1 2 3"   EDGES="70 40"   of the 102 of a linear policy
#
# DIR keeps runs and exports; the same command goes on where it was stopped.
# Three minutes a run on one core.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:?usage: export_size_study.sh DIR}
bazel build //deploy/cli:starling
starling=bazel-bin/deploy/cli/starling
mkdir -p "$dir"
ars='num_directions: 16 top_directions: 4 step_size: 0.02 sigma: 0.03'

# NAME SEED POLICY VERB QUANTIZATION GENERATIONS SEARCH
row() {
  local run=$dir/$1-s$2
  [ -e "$run.json" ] || {
    cat > "$run.textproto" <<END
name: "$1" seed: $2
env { half_cheetah {} }
policy { $3 }
normalizer { enabled: true clip: 0 }
strategy { ars { $ars } }
budget { generations: $6 }
evaluation { every: 20 episodes: 20 fresh_episodes: 0 }
$7
END
    $starling "$4" "$run.textproto" --run "$run" --workers 1 --progress none \
      > "$run.log" 2>&1
    rm -rf "$run-export"
    $starling export "$run" --format strlp --quantize "$5" \
      --out "$run-export" > "$run.part" 2>> "$run.log"
    mv "$run.part" "$run.json"
  }
  sed -E "s/.*\"bytes\":([0-9]+),\"parameters\":([0-9]+).*\"return_after\":([0-9.-]+).*/$1 s$2: \2 weights and offsets, \1 bytes, return \3/" "$run.json"
}

for seed in ${SEEDS:-1 2 3}; do
  row dense "$seed" 'mlp { hidden: 64 hidden: 64 }' train none 200 ''
  for edges in ${EDGES:-70 40}; do
    row "pruned$edges" "$seed" \
      "edge_pruned { mlp { bias: false } global { edges: $edges } }" \
      search int8 100 "controller { magnitude_pruning {} }
        search {
          mask_gradient: true warmup_generations: 40
          front_size: 0 sampled_episodes: 0
          fine_tune_generations: 100 fine_tune_strategy { ars { $ars } }
        }"
  done
done
