#!/usr/bin/env bash
# Policies with a tenth of the weights beside whole ones, with the same training
# episodes: the table of nas/README.md.
#
# Usage: bash tests/benchmarks/compression_study.sh DIR [TASK ..]
#   TASK: half_cheetah swimmer hopper walker2d. All by default.
#   SEEDS="1 2 3 4 5"  METHODS="dense search .."  EPISODES=50
#   JOBS=2             runs at a time, a worker process each
#
# DIR keeps the runs and results.csv, a line a run; the same command goes on
# where it was stopped. The table is printed at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:?usage: compression_study.sh DIR [TASK ..]}
shift
tasks=("$@")
[ ${#tasks[@]} -gt 0 ] || tasks=(half_cheetah swimmer hopper walker2d)
seeds=${SEEDS:-1 2 3 4 5}
methods=${METHODS:-dense search magnitude random toeplitz circulant partition}
bazel build //deploy/cli:starling
mkdir -p "$dir"
touch "$dir/results.csv"

# Of each task: strategy, generations, edges that may be chosen, weights that may
# live (a tenth of those of state -> 32 -> action), other settings. Of a search:
# tenths of the generations after which it begins and ends.
settings() {
  begins=2 ends=3
  case $1 in
    half_cheetah)
      ars='num_directions: 16 top_directions: 4 step_size: 0.02 sigma: 0.03'
      generations=200 edges=82 limit=73 shift=0 ;;
    swimmer)
      ars='num_directions: 8 step_size: 0.02 sigma: 0.05'
      generations=200 edges=38 limit=32 shift=0 ;;
    hopper)
      ars='num_directions: 8 top_directions: 4 step_size: 0.01 sigma: 0.025'
      generations=800 edges=52 limit=44 shift=1 begins=5 ends=6 ;;
    walker2d)
      ars='num_directions: 8 top_directions: 4 step_size: 0.01 sigma: 0.025'
      generations=800 edges=82 limit=73 shift=1 begins=5 ends=6 ;;
    *) echo "unknown task $1" >&2; exit 2 ;;
  esac
}

run_one() {
  local task=$1 method=$2 seed=$3
  grep -q "^$task,$method,$seed," "$dir/results.csv" && return
  settings "$task"
  local mlp='mlp { hidden: 32 bias: false }' policy verb=train search=''
  local warmup=$((generations * begins / 10)) budget=$generations
  case $method in
    dense) policy=$mlp ;;
    random) policy="edge_pruned { $mlp random { edges: $((edges + edges / 2)) } }" ;;
    toeplitz | circulant) policy="weight_shared { $mlp $method {} }" ;;
    partition) policy="weight_shared { $mlp partition { num_weights: 17 } }" ;;
    *) policy="edge_pruned { $mlp residual { edges: $edges } }" ;;
  esac
  case $method in
    search | partition | magnitude)
      verb=search
      budget=$((generations * ends / 10))
      local controller='policy_gradient { step_size: 0.2 }'
      search="mask_gradient: true warmup_generations: $warmup"
      case $method in
        search) search+=' importance_prior: 2' ;;
        magnitude)
          controller='magnitude_pruning {}'
          budget=$((generations * (ends > 5 ? ends : 5) / 10)) ;;
        partition) search='' budget=$((generations / 2)) ;;
      esac
      search="controller { $controller }
              search { $search front_size: 0 sampled_episodes: 0
                fine_tune_generations: $((generations - budget))
                fine_tune_strategy { ars { $ars } } }"
      [ "$method" = partition ] ||
        search+=" objectives { limit: $limit constraint {} }"
      ;;
  esac
  local run=$dir/$task-$method-s$seed
  cat > "$run.textproto" <<END
name: "$task-$method" seed: $seed
env { $task {} }
policy { $policy }
normalizer { enabled: true clip: 0 }
strategy { ars { $ars } }
rollout { reward_shift: $shift }
budget { generations: $budget }
evaluation { every: 20 episodes: 20 fresh_episodes: 0 }
$search
END
  local starling=bazel-bin/deploy/cli/starling
  nice $starling $verb "$run.textproto" --run "$run" --workers 1 \
    --progress none > "$run.log" 2>&1
  local result live
  result=$(nice $starling eval "$run" --episodes "${EPISODES:-50}" --seed 777 \
    --threads 1 --json |
    sed -E 's/.*"mean":([^,]*),.*"ci95":\[([^,]*),([^]]*)\].*/\1,\2,\3/')
  live=$($starling inspect "$run" --architecture --checkpoint best 2> /dev/null |
    sed -nE 's/^parameters +([0-9,]+) .*/\1/p' | tr -d ,) || true
  echo "$task,$method,$seed,$result,$live" >> "$dir/results.csv"
}

for task in "${tasks[@]}"; do
  for seed in $seeds; do
    for method in $methods; do
      while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-2}" ]; do wait -n; done
      run_one "$task" "$method" "$seed" &
    done
  done
done
wait

# Mean over the seeds with its 95 % interval (Student's t), and live parameters.
awk -F, '
  { n[$1 "," $2]++; sum[$1 "," $2] += $4; squares[$1 "," $2] += $4 * $4
    live[$1 "," $2] += $7 }
  END {
    split("0 12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ")
    for (key in n) {
      mean = sum[key] / n[key]
      deviation = n[key] > 1 ? sqrt((squares[key] - n[key] * mean * mean) / \
                                    (n[key] - 1)) : 0
      printf "%s,%d seeds,%.0f,+-%.0f,%.0f live\n", key, n[key], mean,
             t[n[key]] * deviation / sqrt(n[key]), live[key] / n[key]
    }
  }' "$dir/results.csv" | sort
