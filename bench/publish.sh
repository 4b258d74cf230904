#!/usr/bin/env bash
# the zone publisher at 2 M records: import, one name, transfers, compaction, restart; 200 secondaries that follow; then from signature to block beside knotd
set -euo pipefail
cd "$(dirname "$0")/.."
build/release/bin/bench_publish "$@"
bench/publish_followers.py
FEED_NAMES=${NAMES:-1000000} ROUNDS=${CHAIN_ROUNDS:-50} exec node bench/chain.mjs
