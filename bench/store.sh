#!/usr/bin/env bash
# Transactions a second on SQLite and PostgreSQL (synced), a ledger leaf's append p50/p99, leaves integrated a second.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${KHIEN_BIN:-build/release/bin}/bench_store"
