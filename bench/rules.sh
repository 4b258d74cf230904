#!/usr/bin/env bash
# rule lists in khien-dnsd: load time from text and from the snapshot, octets a name, memory
# Uses ../shared/data/blocklists/bench-1m.tsv.xz; without it there is nothing to measure.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${KHIEN_DNSD:-build/release/bin/khien-dnsd}
data=../shared/data/blocklists/bench-1m.tsv.xz
[ -f "$data" ] || { echo "no $data here: nothing measured" >&2; exit 0; }
folder=$(mktemp -d)
pid=""
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT
xz -dc "$data" | cut -f1 >"$folder/list.txt"
port=$((20000 + RANDOM % 20000))

measure() { # NAME : from start to the first blocked answer
  local begin end
  begin=$(date +%s%N)
  "$program" --listen "127.0.0.1:$port" --upstream 127.0.0.1:9 --list "fraud=$folder/list.txt" \
    --snapshot "$folder/snapshot" 2>>"$folder/log" &
  pid=$!
  until dig @127.0.0.1 -p "$port" "$name" +tries=1 +time=1 2>/dev/null | grep -q NXDOMAIN; do
    kill -0 "$pid" || { cat "$folder/log" >&2; exit 1; }
    sleep 0.01
  done
  end=$(date +%s%N)
  echo "rules.start_from_$1 $(((end - begin) / 1000000)) ms"
  echo "rules.memory_after_$1 $(awk '/^VmRSS/ {print $2}' "/proc/$pid/status") kB"
  echo "rules.cpu_$1 $(awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) * 1000 / hz}' "/proc/$pid/stat") ms"
  kill "$pid"
  wait "$pid" || true
  pid=""
}
name=$(sed -n 500000p "$folder/list.txt")
measure text
measure snapshot
names=$(grep -o 'list_loaded.* names="[0-9]*"' "$folder/log" | head -1 | grep -o 'names="[0-9]*"' | tr -dc 0-9)
size=$(stat -c %s "$folder/snapshot/rules.snapshot")
echo "rules.names $names names"
echo "rules.octets_a_name $(awk "BEGIN {printf \"%.1f\", $size / $names}") octets"
