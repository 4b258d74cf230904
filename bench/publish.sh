#!/usr/bin/env bash
# the zone publisher at 2 M records: import, one name, transfers, compaction, restart; then 200 secondaries that follow
set -euo pipefail
cd "$(dirname "$0")/.."
build/release/bin/bench_publish "$@"
exec bench/publish_followers.py
