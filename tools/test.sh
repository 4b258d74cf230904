#!/usr/bin/env bash
# tools/test.sh [STEP…] : all checks, cheapest first, or only the STEPs named. Each step runs alone.
# It installs what it needs, stops at the first step that fails, and says how long each took.
set -euo pipefail
cd "$(dirname "$0")/.."

# Builds with the compiler's chatter in a log that is shown only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    tail -n 1 "$log"
    rm -f "$log"
  else
    grep -v '^\[[0-9]*/[0-9]*\] \(Building\|Linking\)' "$log" | tail -n 200 >&2
    rm -f "$log"
    return 1
  fi
}

lint() { tools/lint.sh; }

# Every unit, scenario, contract and integration test, against the code that ships: the modules are those of the
# release build, which the later steps use. Integration tests start real servers.
unit() {
  tools/packages.sh build test
  cmake --preset release -DKHIEN_TESTS=ON -DKHIEN_BENCH=ON >/dev/null
  quietly cmake --build build/release
  ctest --test-dir build/release --output-on-failure -j3 -LE e2e
}

# What reads bytes from outside, under AddressSanitizer and UBSan, with the fuzzers' corpora replayed. Tests and
# fuzzers share the build of the fuzz preset.
asan() {
  tools/packages.sh build test
  [ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
  local targets=() tests=() name
  for name in base crypto codec text dns dns_oracle net policy exchange identity pages evidence ledger tally; do
    targets+=("khien_${name}_test")
    tests+=("khien_${name}_test")
  done
  while read -r name; do
    targets+=("fuzz_$name")
    tests+=("replay_$name")
  done < <(sed -n 's/^khien_fuzz(\([a-z0-9_]*\).*/\1/p' fuzz/CMakeLists.txt)
  quietly cmake --build build/fuzz --target "${targets[@]}"
  ctest --test-dir build/fuzz --output-on-failure -j2 -R "^($(IFS='|'; echo "${tests[*]}"))\$"
}

# Five seconds of each fuzzer, the same each time; `./khien fuzz` and the soak try by chance.
fuzz() { tools/fuzz.sh all 5 1; }

# Tests of threads under ThreadSanitizer.
threads() {
  tools/packages.sh build test
  [ -f build/tsan/build.ninja ] || cmake --preset tsan >/dev/null
  mapfile -t targets < <(ctest --test-dir build/tsan -N -L threads |
    sed -n 's/^ *Test *#[0-9]*: \(khien_[a-z0-9_]*\)$/\1/p')
  quietly cmake --build build/tsan --target "${targets[@]}"
  ctest --test-dir build/tsan --output-on-failure -L threads
}

web() {
  tools/web.sh check
}

# Instructions a query in khien-dnsd's own code, against bench/baselines: counts, which no other load moves.
counts() {
  quietly tools/build.sh bench
  bench/dns_path.sh
}

e2e() {
  quietly tools/build.sh release
  tests/e2e/run.sh
}

package() { tools/package.sh --check; }

# What CI runs, in this order; each also runs alone.
steps=(lint unit asan fuzz threads web counts e2e package)
if [ "${1:-}" = --list ]; then
  printf '%s\n' "${steps[@]}"
  exit 0
fi
for step in "$@"; do
  [[ " ${steps[*]} " == *" $step "* ]] || {
    echo "There is no step '$step'; there are: ${steps[*]}" >&2
    exit 64
  }
done
[ $# -eq 0 ] || steps=("$@")

tools/packages.sh build run test node
begin=$SECONDS
for step in "${steps[@]}"; do
  printf '\n== %s\n' "$step"
  at=$SECONDS
  # Not inside `if`: bash ignores set -e there.
  set +e
  (set -e; "$step")
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    printf '== %s failed after %d s\n' "$step" $((SECONDS - at)) >&2
    exit 1
  fi
  printf '== %s passed in %d s\n' "$step" $((SECONDS - at))
done
printf '\nAll %d steps passed in %d s.\n' ${#steps[@]} $((SECONDS - begin))
