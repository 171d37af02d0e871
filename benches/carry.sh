#!/usr/bin/env bash
# Builds what a machine with a GPU needs for `cuda.sh`, and nothing of CUDA to do so:
#
#   bash benches/carry.sh DIR
#   bash DIR/cuda.sh              # there, without cargo
#
# DIR then holds `cuda` (the tests of the CUDA engine), `workloads` (the benches) and `cuda.sh`. The other machine needs a C
# library that is not older than the one here; the driver and NVRTC are looked for when they run.
set -euo pipefail
out=${1:?usage: bash benches/carry.sh DIR}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# carry TARGET COMMAND...: the binary of that target, stripped.
carry() {
  local target=$1 binary
  shift
  binary=$("$@" --no-run --message-format=json-render-diagnostics |
    grep "\"name\":\"$target\"" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
  [ -n "$binary" ] || { echo "error: no binary came of $*" >&2; return 1; }
  cp "$binary" "$out/$target"
  strip "$out/$target"
}

carry cuda cargo test --release --test cuda
carry workloads cargo bench --bench workloads
cp benches/cuda.sh "$out"
du -sh "$out"/*
