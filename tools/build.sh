#!/usr/bin/env bash
# tools/build.sh [PRESET] [TARGET…] : configures when needed and builds. Programs land in
# build/PRESET/bin. The first output line names the preset; compiler output is shown on failure.
# The preset `bench` is release, in its folder, with the programs of bench/.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
[ $# -eq 0 ] || shift
lists=(build)
[ "$preset" = release ] || lists+=(test)
tools/packages.sh "${lists[@]}"

arguments=()
is_configured=no
[ ! -f "build/$preset/build.ninja" ] || is_configured=yes
case "$preset" in
  # What runs and is packaged: no test libraries needed.
  release) arguments=(-DKHIEN_TESTS=OFF) ;;
  bench)
    preset=release
    arguments=(-DKHIEN_TESTS=OFF -DKHIEN_BENCH=ON)
    ;;
esac
if [ "$is_configured" = no ]; then
  mkdir -p "build/$preset"
  cmake --preset "$preset" "${arguments[@]}" >"build/$preset/configure.log" 2>&1 || {
    cat "build/$preset/configure.log" >&2
    exit 1
  }
fi
targets=()
for target in "$@"; do targets+=(--target "$target"); done
exec cmake --build "build/$preset" "${targets[@]}"
