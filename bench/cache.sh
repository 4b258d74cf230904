#!/usr/bin/env bash
# hit rates of the DNS cache on seeded traces, beside LRU, reinsertion, SIEVE and S3-FIFO; instructions a hit
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/release/bin/bench_cache
"$program"
if command -v valgrind >/dev/null; then
  instructions() { valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" hits "$1" 2>&1 | awk '/Collected/ { print $4 }'; }
  echo "cache/hit $((($(instructions 200000) - $(instructions 100000)) / 100000)) instructions"
fi
