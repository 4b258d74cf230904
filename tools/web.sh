#!/usr/bin/env bash
# tools/web.sh build|check : installs the locked npm packages when the lock file changed, then builds
# the officers' UI into web/dist (build) or runs all its checks (check).
set -euo pipefail
cd "$(dirname "$0")/.."
tools/packages.sh node

stamp=web/node_modules/.khien-lock
if ! cmp -s web/package-lock.json "$stamp" 2>/dev/null; then
  echo "Installing the locked npm packages"
  (cd web && npm ci --no-audit --no-fund --loglevel=error)
  cp web/package-lock.json "$stamp"
fi
case "${1:-build}" in
  check) (cd web && npm run --silent check) ;;
  build)
    newest=$(find web/src web/index.html web/*.ts web/package-lock.json api/openapi.yaml i18n \
      -type f -printf '%T@\n' 2>/dev/null | sort -rn | head -n 1)
    built=$(stat -c %.Y web/dist/index.html 2>/dev/null || echo 0)
    if awk -v a="$newest" -v b="$built" 'BEGIN { exit !(a > b) }'; then
      (cd web && npm run --silent build)
    fi
    ;;
  *) echo "usage: tools/web.sh build|check" >&2; exit 64 ;;
esac
