#!/usr/bin/env bash
# instructions a query in khien-dnsd's own code (callgrind), against bench/baselines/dns_path.json
# Sockets and the kernel are not in it. Counts of one compiler repeat to the digit, whatever else the machine does; a case that costs
# more than 2 % above its baseline ends the run with 1. `UPDATE=1 ./khien bench dns_path` writes the baselines anew: do so on purpose only.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${BENCH_DNS_PATH:-build/release/bin/bench_dns_path}
baselines=bench/baselines/dns_path.json
queries=8192
command -v valgrind >/dev/null || { echo "valgrind is missing: tools/packages.sh test" >&2; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT

baseline_of() { [ ! -e "$baselines" ] || sed -n "s/^ *\"$1\": *\([0-9]*\),\{0,1\}\$/\1/p" "$baselines"; }

failed=0
counted=()
for name in blocked blocked_below blocked_edns cached cached_edns cached_cname cached_seen forwarded; do
  valgrind --tool=callgrind --collect-atstart=no --toggle-collect=measured_queries --callgrind-out-file=/dev/null \
    "$program" "$name" "$queries" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  now=$(awk -v n="$queries" '/Collected *:/ { printf "%d", $4 / n + 0.5 }' "$log")
  [ "${now:-0}" -gt 0 ] || { cat "$log" >&2; exit 1; }
  counted+=("\"$name\": $now")
  before=$(baseline_of "$name")
  echo "dns_path.$name $now instructions"
  if [ -n "$before" ] && [ "$((now * 100))" -gt "$((before * 102))" ]; then
    echo "$name: $now instructions a query, the baseline is $before: find out why, or change the baseline on purpose" >&2
    failed=1
  elif [ -z "$before" ] && [ -z "${UPDATE:-}" ]; then
    echo "$name has no baseline in $baselines" >&2
    failed=1
  fi
done
if [ -n "${UPDATE:-}" ]; then
  { echo "{"; printf '  %s,\n' "${counted[@]}" | sed '$ s/,$//'; echo "}"; } >"$baselines"
  exit 0
fi
exit "$failed"
