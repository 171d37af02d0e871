#!/usr/bin/env bash
# Everything there is to measure on a machine with a GPU, from binaries that were built elsewhere (`carry.sh`), without cargo:
#
#   bash cuda.sh [SECONDS] [PARTS]
#
# SECONDS  for the whole script (default 540); what does not fit any more is skipped, and named at the end
# PARTS    out of system,parity,sanitizer,benches,peers (default all, in this order)
#
# From the environment:
#   OUT      folder for the results (default ./cuda_out): log.txt, results.jsonl, sanitizer.txt, clocks.csv, table.md
#   BIN      folder of the binaries `cuda` (tests) and `workloads` (benches) (default that of this script)
#   DEVICE   default cuda, the first GPU; cuda:1 is the second in the order of the bus
#   PEERS    folder of the peers' harness, with its `run.py`; without it they are left out
#   PYTHON   for the peers (default python3)
#
# A part that fails does not stop the others; then the script ends with 1. No setting of the card is changed.
set -u
BUDGET=${1:-540} PARTS=,${2:-system,parity,sanitizer,benches,peers},
BIN=$(cd "${BIN:-$(dirname "${BASH_SOURCE[0]}")}" && pwd) || exit 1
OUT=${OUT:-cuda_out}
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd) || exit 1
DEVICE=${DEVICE:-cuda} PYTHON=${PYTHON:-python3} PEERS=${PEERS:-}
PRECISIONS="strict x3 half"
# The most wanted first: time may run out.
WORKLOADS="W2/rk4/1m W2/rk4/4096 W1/b256 W1/b65536 W5/sample/4096 W6/first-sample-warmcache W5/train W6/cold-warmcache W1/b4096 W2/rk4/10k W2/midpoint/1m W2/euler/1m"
PEER_RUNS="torch-compile:W2/rk4/1m torch-graph:W2/rk4/10k torch:W1/b256 torch-graph:W1/b256 jax-scan:W1/b256 jax:W2/rk4/1m
  torch-compile:W5/sample torch-compile:W5/train torch-graph:W1/b4096 torch:W2/rk4/1m jax:W5/sample torch:W5/sample"
SKIPPED=() FAILED=()

PATH=$PATH:/usr/local/cuda/bin${CUDA_HOME:+:$CUDA_HOME/bin}
# The index of a device is then that of nvidia-smi; compiled kernels go with the script.
export PATH CUDA_DEVICE_ORDER=PCI_BUS_ID
scratch=$(mktemp -d) || exit 1
export XDG_CACHE_HOME=$scratch
trap 'rm -rf "$scratch"' EXIT

has() { command -v "$1" >/dev/null; }
want() { case $PARTS in *,"$1",*) ;; *) return 1 ;; esac; }
part() { printf '\n== [%d s] %s\n' "$SECONDS" "$1"; }
skip() { echo "skipped: $*"; SKIPPED+=("$*"); }

# limited SECONDS NAME COMMAND...: under that limit or what is left of the budget; says how it ended.
limited() {
  local limit=$1 name=$2 left=$((BUDGET - SECONDS - 5)) start=$SECONDS rc=0
  shift 2
  [ "$left" -ge "$limit" ] || limit=$left
  if [ "$limit" -lt 5 ]; then
    skip "$name: no time left"
    return 0
  fi
  timeout -k 5 "$limit" "$@" || rc=$?
  [ $rc -eq 0 ] && return 0
  [ $rc -eq 124 ] && name="$name (over its $limit s)"
  echo "failed: $name, exit code $rc after $((SECONDS - start)) s"
  FAILED+=("$name")
  return $rc
}

system_part() {
  part system
  uname -srm
  nproc
  if has nvidia-smi; then
    limited 15 nvidia-smi nvidia-smi --format=csv \
      --query-gpu=index,name,driver_version,compute_cap,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.draw,power.limit,temperature.gpu
  else
    skip "nvidia-smi: not installed"
  fi
  ldconfig -p 2>/dev/null | grep -E 'libcuda\.|libnvrtc|libcublasLt' | sed 's/^[ \t]*//'
}

parity_part() {
  part parity
  [ -x "$BIN/cuda" ] || { skip "parity: no $BIN/cuda"; return; }
  limited 240 parity env FLOW_REQUIRE_CUDA=1 "$BIN/cuda" --test-threads 1
}

# sanitize TOOL NAME COMMAND...: the whole output into sanitizer.txt, the summary here. A tool may take minutes for what takes
# milliseconds without it, so all of them get two fifths of the time.
sanitize() {
  local tool=$1 name=$2 limit=$((SANITIZED_BY - SECONDS))
  shift 2
  [ "$limit" -le 60 ] || limit=60
  printf '\n#### %s: %s\n' "$tool" "$name" >>"$OUT/sanitizer.txt"
  limited "$limit" "$tool $name" compute-sanitizer --tool "$tool" --error-exitcode 9 "$@" >"$scratch/sanitizer" 2>&1
  cat "$scratch/sanitizer" >>"$OUT/sanitizer.txt"
  echo "$tool $name: $(grep -E 'SUMMARY|skipped:|failed:' "$scratch/sanitizer" | tr '\n' ' ')"
}

sanitizer_part() {
  part sanitizer
  : >"$OUT/sanitizer.txt"
  has compute-sanitizer || { skip "sanitizer: compute-sanitizer is not installed"; return; }
  local precision tool
  SANITIZED_BY=$((SECONDS + (BUDGET - SECONDS) * 2 / 5))
  # Tests with `sanitizer` in their names are made for it.
  if [ -x "$BIN/cuda" ] && "$BIN/cuda" --list sanitizer 2>/dev/null | grep -q ': test$'; then
    for tool in memcheck racecheck; do
      FLOW_REQUIRE_CUDA=1 sanitize "$tool" tests "$BIN/cuda" --test-threads 1 sanitizer
    done
  else
    skip "sanitizer: no test of that name in $BIN/cuda"
  fi
  [ -x "$BIN/workloads" ] || { skip "sanitizer: no $BIN/workloads"; return; }
  # A few steps of training and a few samples in each precision.
  for tool in memcheck racecheck; do
    for precision in $PRECISIONS; do
      sanitize "$tool" "$precision" "$BIN/workloads" --child short --device "$DEVICE" --precision "$precision"
    done
  done
}

benches_part() {
  part benches
  [ -x "$BIN/workloads" ] || { skip "benches: no $BIN/workloads"; return; }
  local workload precision
  if ! limited 60 "the first sample" "$BIN/workloads" --child first --device "$DEVICE"; then
    skip "benches: no sample came of $DEVICE"
    return
  fi
  for workload in $WORKLOADS; do
    for precision in $PRECISIONS; do
      limited 60 "$workload, $precision" "$BIN/workloads" --workloads "$workload" --device "$DEVICE" \
        --precision "$precision" --max-seconds 5 --out "$OUT/results.jsonl"
    done
  done
}

peers_part() {
  part peers
  [ -n "$PEERS" ] || { skip "peers: PEERS is not set"; return; }
  [ -f "$PEERS/run.py" ] || { skip "peers: no $PEERS/run.py"; return; }
  local run
  for run in $PEER_RUNS; do
    limited 110 "peer $run" "$PYTHON" "$PEERS/run.py" --device cuda --peers "${run%%:*}" --workloads "${run#*:}" \
      --max-seconds 5 --timeout 100 --out "$OUT/results.jsonl"
  done
}

main() {
  echo "at most $BUDGET s on $DEVICE"
  local logger=
  if has nvidia-smi; then
    nvidia-smi --format=csv -l 1 \
      --query-gpu=timestamp,index,clocks.sm,clocks.mem,power.draw,temperature.gpu,utilization.gpu >"$OUT/clocks.csv" 2>&1 &
    logger=$!
  fi
  local name
  for name in system parity sanitizer benches peers; do
    if want "$name"; then "${name}_part"; else skip "$name: not asked for"; fi
  done
  [ -z "$logger" ] || kill "$logger" 2>/dev/null
  if [ -f "$PEERS/table.py" ] && [ -s "$OUT/results.jsonl" ]; then
    "$PYTHON" "$PEERS/table.py" "$OUT/results.jsonl" >"$OUT/table.md"
  fi
  part "done; in $OUT: $(cd "$OUT" && echo *)"
  [ ${#SKIPPED[@]} -eq 0 ] || printf 'skipped: %s\n' "${SKIPPED[@]}"
  [ ${#FAILED[@]} -eq 0 ] || printf 'failed: %s\n' "${FAILED[@]}"
  [ ${#FAILED[@]} -eq 0 ]
}

main 2>&1 | tee "$OUT/log.txt"
exit "${PIPESTATUS[0]}"
