#!/usr/bin/env bash
# tools/fuzz.sh [TARGET] [SECONDS] [SEED] : builds and runs the fuzzers of fuzz/ with AddressSanitizer, as
# many side by side as there are cores. New interesting inputs go to build/fuzz/found/TARGET, crashes to
# build/fuzz/crash-TARGET-*. With a SEED a run repeats itself, ends after 10,000 inputs at the latest and keeps
# nothing it found: for CI, where a change should not fail for what chance finds. SEED 0, the default, is chance.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/packages.sh build test
target=${1:-all}
seconds=${2:-60}
seed=${3:-0}
usage="usage: ./khien fuzz [TARGET] [SECONDS] [SEED]"
case "$target" in *[!a-z0-9_]*) echo "$usage" >&2; exit 64 ;; esac
case "$seconds$seed" in '' | *[!0-9]*) echo "$usage" >&2; exit 64 ;; esac

known=$(sed -n 's/^khien_fuzz(\([a-z0-9_]*\).*/\1/p' fuzz/CMakeLists.txt)
[ "$target" = all ] || known=$(grep -x "$target" <<<"$known") || {
  echo "There is no fuzzer '$target'. There are:" >&2
  sed -n 's/^khien_fuzz(\([a-z0-9_]*\).*/  \1/p' fuzz/CMakeLists.txt >&2
  exit 64
}
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
names=()
for name in $known; do names+=("fuzz_$name"); done
cmake --build build/fuzz --target "${names[@]}" | tail -n 1

run() {
  local name=$1 log=build/fuzz/$1.log found=build/fuzz/found/$1 runs=-1
  if [ "$seed" != 0 ]; then
    found=build/fuzz/seeded/$name
    rm -rf "$found"
    runs=10000
  fi
  mkdir -p "$found"
  if "build/fuzz/bin/fuzz_$name" "$found" "fuzz/corpus/$name" -seed="$seed" -runs="$runs" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crash-$name-" >"$log" 2>&1; then
    printf '%-20s %s runs, no crash\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    tail -n 40 "$log" >&2
    echo "$name: crashed; the input is build/fuzz/crash-$name-*" >&2
    return 1
  fi
}
export -f run
export seconds seed
xargs -P "$(nproc)" -I{} bash -c 'run {}' <<<"$known"
