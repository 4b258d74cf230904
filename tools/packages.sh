#!/usr/bin/env bash
# tools/packages.sh LIST… : installs the Debian packages that packaging/apt/LIST.txt name and that are
# missing. It never removes a package: where apt would have to, it prints the conflict and stops.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for list in "$@"; do
  [ "$list" != node ] || continue
  while read -r package; do
    case "$package" in '' | '#'*) continue ;; esac
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
  done <"packaging/apt/$list.txt"
done
# Node.js may come from elsewhere than Debian; what counts is that it is there.
if [[ " $* " == *" node "* ]]; then
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
fi
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "These Debian packages are missing, and neither root nor sudo is there to install them:" >&2
    echo "  ${missing[*]}" >&2
    echo "Ask an administrator to run: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${apt[@]}" update >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
if ! "${apt[@]}" install -s --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
if grep -q '^Remv ' "$log"; then
  echo "Installing them would remove packages of yours, so nothing was changed:" >&2
  sed -n 's/^Remv \([^ ]*\).*/  \1/p' "$log" >&2
  echo "Remove those yourself if you do not need them, or use another machine or container." >&2
  exit 1
fi
# Servers that come with packages must not start here: tests and the demo start their own.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  made_policy=yes
fi
status=0
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 || status=$?
[ "$made_policy" = no ] || "${as_root[@]}" rm -f "$policy"
[ "$status" -eq 0 ] || { cat "$log" >&2; exit "$status"; }
