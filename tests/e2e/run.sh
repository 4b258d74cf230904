#!/usr/bin/env bash
# tests/e2e/run.sh [FILE…] : the tests that drive real browsers and real resolvers, on the release binaries (or those in the
# folder that KHIEN_BIN names, from the top). Each file starts a stack of its own and ends exactly that.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/web.sh build
[ $# -gt 0 ] || set -- tests/e2e/*.test.mjs
exec web/tools/node.sh node --test --test-concurrency=1 --test-reporter=spec "$@"
