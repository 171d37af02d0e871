# Sourced. What the tests of the CUDA engine use where there is no GPU: g++ runs the kernels' text on the CPU, NVRTC compiles it
# for GPUs, cuobjdump and nvdisasm show what became of it. Sets the variables under which no such test is skipped. Where a
# tool cannot be had the tests skip what needs it, but not on CI.

unavailable() {
  if [ -n "${CI:-}" ]; then
    echo "== no $1, which CI needs" >&2
    return 1
  fi
  echo "== no $1: tests that need it are skipped"
}

# Debian's packages, where this may install them.
install_packages() {
  [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null &&
    { apt-get install -qq -y --no-install-recommends "$@" || { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"; }; } > /dev/null
}

gpp() { g++ --version > /dev/null 2>&1; }
if gpp || { install_packages g++ && gpp; }; then
  export FLOW_REQUIRE_HEADER=1
else
  unavailable "g++"
fi

wheels() {
  local folder=$1
  [ -x "$folder/nvidia/cu13/bin/nvdisasm" ] && return
  rm -rf "$folder.new" && mkdir -p "$folder.new"
  python3 -m pip --version > /dev/null 2>&1 || install_packages python3-pip || return
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$folder.new" \
    nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-cuobjdump==13.5.37 nvidia-cuda-nvdisasm==13.5.37 || return
  local wheel
  for wheel in "$folder.new"/*.whl; do
    python3 -m zipfile -e "$wheel" "$folder.new" && rm "$wheel" || return
  done
  chmod +x "$folder.new"/nvidia/cu13/bin/* && rm -rf "$folder" && mv "$folder.new" "$folder"
}

# Other versions have another folder.
cuda="$PWD/target/cuda-tools-13.0.88-13.5.37"
if wheels "$cuda"; then
  export FLOW_CUDA_LIB_DIR="$cuda/nvidia/cu13/lib" FLOW_CUDA_TOOLS="$cuda/nvidia/cu13/bin" FLOW_REQUIRE_NVRTC=1
else
  unavailable "NVRTC"
fi
