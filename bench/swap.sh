#!/usr/bin/env bash
# khien-dnsd while its rules change: memory and queries during whole swaps, and how soon single changes act
# Parts (arguments; default all): reload (a list file of NAMES names is replaced), axfr (the same by knotd),
# ixfr_one and ixfr_1000 (CHANGES changes on top of NAMES names), many (MANY_NAMES names). Names are synthetic
# and seeded; RATE queries a second are asked meanwhile, all for names that the old and the new list block.
#   swap.PART.steady, .peak, .after   resident memory, anonymous and touched file pages, every 10 ms
#   swap.PART.peak_by_steady          the goal is 1.3
#   swap.PART.time, .cpu              from the change to the last new name blocked; processor time with the snapshot
#   swap.PART.lost, .wrong, .query_…  what the queries met
#   swap.PART.lost_by_us, .load_pauses   answers that the load's own socket lost; how often it was kept from running
#   swap.PART.dropped_…               what khien-dnsd dropped itself, its receive buffer included, where that is not 0
#   swap.reload.cold_load, .from_snapshot   from start to the first blocked answer
#   swap.ixfr_….p50, .p99, .slowest   from the NOTIFY to the first blocked answer
#   swap.ixfr_….cpu_a_change          of the secondary's thread
#   swap.many.octets_a_name           resident memory beyond that of an empty list, by the names
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/swap.py "$@"
