#!/usr/bin/env bash
# tools/code.sh USER : prints the current sign-in code (TOTP) of a demo user of `./khien up`.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -ne 1 ]; then
  echo "usage: ./khien code USER      for example: ./khien code lan" >&2
  exit 64
fi
[ -x build/release/bin/khienctl ] || { echo "Run ./khien up first: it builds the programs." >&2; exit 1; }
exec build/release/bin/khienctl --state var demo code "$1"
