#!/usr/bin/env bash
# tools/fuzz.sh [TARGET] [SECONDS] : builds and runs the fuzzers of fuzz/ with AddressSanitizer. New
# interesting inputs go to build/fuzz/found/TARGET, crashes to build/fuzz/crash-TARGET-*.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/packages.sh build test
target=${1:-all}
seconds=${2:-60}
case "$target" in *[!a-z0-9_]*) echo "usage: ./khien fuzz [TARGET] [SECONDS]" >&2; exit 64 ;; esac
case "$seconds" in '' | *[!0-9]*) echo "usage: ./khien fuzz [TARGET] [SECONDS]" >&2; exit 64 ;; esac

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

failed=0
for name in $known; do
  mkdir -p "build/fuzz/found/$name"
  log=build/fuzz/$name.log
  if "build/fuzz/bin/fuzz_$name" "build/fuzz/found/$name" "fuzz/corpus/$name" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crash-$name-" >"$log" 2>&1; then
    printf '%-20s %s runs, no crash\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    tail -n 40 "$log" >&2
    echo "$name: crashed; the input is build/fuzz/crash-$name-*" >&2
    failed=1
  fi
done
exit "$failed"
