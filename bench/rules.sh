#!/usr/bin/env bash
# rule lists in khien-dnsd alone (--list): load time from text and from the snapshot, memory, octets a name
# For bench-1m.tsv.xz (a million names as one list) and for all lists of the folder by their classes. LISTS names the folder
# (default ../shared/data/blocklists); without it there is nothing to measure. Of each set, NAME is bench_1m or all_lists:
#   rules.NAME.names            distinct names that khien-dnsd took
#   rules.NAME.start_text       from start to the first blocked answer, reading the text lists
#   rules.NAME.start_snapshot   the same, mapping the snapshot that the first start wrote
#   rules.NAME.cpu_…            processor time of that start
#   rules.NAME.rss_…            resident memory then, the pages of the mapped snapshot file included
#   rules.NAME.peak_…           the most that was resident until then
#   rules.NAME.octets_a_name    size of the snapshot file by the number of names
set -euo pipefail
cd "$(dirname "$0")/.."
program=${KHIEN_DNSD:-build/release/bin/khien-dnsd}
lists=${LISTS:-../shared/data/blocklists}
[ -d "$lists" ] || { echo "no lists in $lists: nothing measured; name a folder with LISTS" >&2; exit 0; }
sed -n '/^#   rules/s/^#   //p' bench/rules.sh >&2
folder=$(mktemp -d)
pid=""
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$folder"' EXIT

declare -A category_of=([scam]=fraud [malware]=malware [malicious]=malware [threat]=malware [phishing]=phishing
  [drugs]=illegal-trade [gambling]=choice-gambling [adult]=choice-adult [ads]=choice-ads [redirect]=choice-ads)

memory() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$pid/status"; }

measure() { # SET HOW NAME --list … : from start to the first blocked answer for NAME
  local set=$1 how=$2 name=$3 begin end port=$((20000 + RANDOM % 20000))
  shift 3
  begin=$(date +%s%N)
  "$program" --listen "127.0.0.1:$port" --upstream 127.0.0.1:9 "$@" --snapshot "$folder/$set.snapshot" 2>>"$folder/$set.log" &
  pid=$!
  until dig @127.0.0.1 -p "$port" "$name" +tries=1 +time=1 2>/dev/null | grep -q NXDOMAIN; do
    kill -0 "$pid" || { cat "$folder/$set.log" >&2; exit 1; }
    sleep 0.01
  done
  end=$(date +%s%N)
  echo "rules.$set.start_$how $(((end - begin) / 1000000)) ms"
  echo "rules.$set.cpu_$how $(awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) * 1000 / hz}' "/proc/$pid/stat") ms"
  echo "rules.$set.rss_$how $(memory VmRSS) KiB"
  echo "rules.$set.peak_$how $(memory VmHWM) KiB"
  kill "$pid"
  wait "$pid" || true
  pid=""
}

measure_set() { # SET NAME --list …
  local set=$1 name=$2 size names
  shift 2
  measure "$set" text "$name" "$@"
  measure "$set" snapshot "$name" "$@"
  names=$(sed -n 's/.*snapshot_mapped names="\([0-9]*\)".*/\1/p' "$folder/$set.log" | tail -n 1)
  size=$(stat -c %s "$folder/$set.snapshot/rules.snapshot")
  echo "rules.$set.names $names names"
  echo "rules.$set.octets_a_name $(awk "BEGIN { printf \"%.1f\", $size / $names }") octets"
}

xz -dc "$lists/bench-1m.tsv.xz" | cut -f1 >"$folder/list.txt"
measure_set bench_1m "$(sed -n 500000p "$folder/list.txt")" --list "fraud=$folder/list.txt"

arguments=()
first=""
for file in "$lists"/*.txt.xz; do
  class=${file%.txt.xz}
  category=${category_of[${class##*.}]:-}
  [ -n "$category" ] || continue # typo, scam-dead, scam-parked: no category of ours
  text=$folder/$(basename "$file" .xz)
  xz -dc "$file" >"$text"
  arguments+=(--list "$category=$text")
  [ -n "$first" ] || first=$(sed -n 1000p "$text")
done
measure_set all_lists "$first" "${arguments[@]}"
