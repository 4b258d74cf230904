#!/usr/bin/env bash
# tools/soak.sh [SECONDS] : what is too long for CI: khien-dnsd under load while its rules change, for
# SECONDS (3,600); its verdicts beside those of Unbound and BIND; what resolvers do after EXPIRE; every
# fuzzer for as long; 1,000 kills of khiend; 10,000 crashes of the zone log; then the tests that kill and restart, 50 times.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-3600}
tools/packages.sh build run test node
tools/build.sh bench
tests/soak/dnsd_soak.py "$seconds"
tests/soak/verdicts.py
KHIEN_DNSD=build/release/bin/khien-dnsd tests/soak/expire.py
tools/fuzz.sh all "$seconds"
tools/build.sh asan
KHIEN_KILLS=1000 tests/e2e/run.sh tests/e2e/kill.test.mjs
KHIEN_CRASH_POINTS=10000 build/asan/bin/khien_zone_crash_test
ctest --test-dir build/asan -L 'integration|contract|threads' --repeat until-fail:50 --output-on-failure
