#!/usr/bin/env bash
# Reading all third-party lists with khienctl, as a feed would but without one: names a second, counts, peak memory. LISTS is a folder of SOURCE.CLASS.txt.xz.
set -euo pipefail
cd "$(dirname "$0")/.."
lists="${LISTS:-../shared/data/blocklists}"
[ -d "$lists" ] || { echo "no lists in $lists: name a folder with LISTS" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in "$lists"/*.txt.xz; do xz -dc "$file" > "$work/$(basename "$file" .xz)"; done
measured=()
if [ -x /usr/bin/time ]; then measured=(/usr/bin/time -f 'peak %M' -o "$work/peak"); fi
touch "$work/peak"
for scope in host domain; do
  "${measured[@]}" "${KHIEN_BIN:-build/release/bin}/khienctl" --state "$work" feed try --scope "$scope" \
    "$work"/*.txt > "$work/$scope.log"
  cat "$work/$scope.log" >&2
  # "24 files, 1727106 entries read in 8990 ms: 1320511 new, 139957 duplicate, 0 redundant, 266638 refused"
  awk -v scope="$scope" '/ entries read in / {
    gsub(/[,:]/, "")
    printf "lists_%s_read %d names\nlists_%s_time %d ms\n", scope, $3, scope, $7
    printf "lists_%s_new %d names\nlists_%s_duplicate %d names\n", scope, $9, scope, $11
    printf "lists_%s_redundant %d names\nlists_%s_refused %d names\n", scope, $13, scope, $15
  }' "$work/$scope.log"
  awk -v scope="$scope" '/^peak/ { printf "lists_%s_peak %d KiB\n", scope, $2 }' "$work/peak"
done
