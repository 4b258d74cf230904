#!/usr/bin/env bash
# tools/reset.sh : wipes ./var, the data of `./khien up`. Refuses while it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -e var/up.pid ] && kill -0 "$(cat var/up.pid)" 2>/dev/null; then
  echo "./khien up is running (process $(cat var/up.pid)): stop it with Ctrl-C first." >&2
  exit 1
fi
rm -rf var
echo "./var is empty: the next ./khien up starts afresh."
