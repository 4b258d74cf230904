#!/usr/bin/env bash
# the zone publisher at 2 M records: import, one name, transfers, compaction, restart
set -euo pipefail
exec "$(dirname "$0")/../build/release/bin/bench_publish" "$@"
