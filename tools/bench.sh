#!/usr/bin/env bash
# tools/bench.sh [NAME…] [--json FILE] : runs the measurements of bench/ (all, or those named) on release
# programs and prints a table; --json also writes {"name": value, …}. A measurement is a program bench/NAME.sh
# or bench/NAME.mjs that prints lines "figure value unit"; other lines are shown as they come, on standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

json=""
names=()
while [ $# -gt 0 ]; do
  case "$1" in
    --json) [ $# -ge 2 ] || { echo "--json needs a file" >&2; exit 64; }; json=$2; shift 2 ;;
    --list)
      for file in bench/*.sh bench/*.mjs; do
        [ -e "$file" ] || continue
        name=${file##*/}
        printf '%-10s %s\n' "${name%.*}" "$(sed -n '2s/^\(#\|\/\/\) *//p' "$file")"
      done
      exit 0 ;;
    -*) echo "usage: ./khien bench [NAME…] [--json FILE] | --list" >&2; exit 64 ;;
    *) names+=("$1"); shift ;;
  esac
done
if [ ${#names[@]} -eq 0 ]; then
  for file in bench/*.sh bench/*.mjs; do
    [ ! -e "$file" ] || { name=${file##*/}; names+=("${name%.*}"); }
  done
fi

tools/packages.sh build run test node
tools/build.sh bench >&2
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
for name in "${names[@]}"; do
  if [ -x "bench/$name.sh" ]; then
    command=("bench/$name.sh")
  elif [ -f "bench/$name.mjs" ]; then
    command=(node "bench/$name.mjs")
  else
    echo "There is no measurement '$name'; ./khien bench --list" >&2
    exit 64
  fi
  echo "== $name" >&2
  "${command[@]}" | while read -r figure value unit; do
    printf '%-44s %14s %s\n' "$figure" "$value" "$unit"
    printf '%s\t%s\n' "$figure" "$value" >>"$figures"
  done
done
if [ -n "$json" ]; then
  awk -F'\t' 'BEGIN { printf "{" } { printf "%s\n  \"%s\": %s", (NR > 1 ? "," : ""), $1, $2 } END { print "\n}" }' \
    "$figures" >"$json"
fi
