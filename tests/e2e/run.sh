#!/usr/bin/env bash
# tests/e2e/run.sh [FILE…] : the tests that drive real browsers and real resolvers, on the release binaries (or those in the
# folder that KHIEN_BIN names, from the top). Each file starts a stack of its own and ends exactly that. Most of their time they wait,
# so KHIEN_E2E_AT_ONCE files (2) run side by side.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/web.sh build
run() { web/tools/node.sh node --test --test-concurrency="${KHIEN_E2E_AT_ONCE:-2}" --test-reporter=spec "$@"; }
if [ $# -gt 0 ]; then
  run "$@"
else
  run tests/e2e/*.test.mjs
  # The main job and the restart on the cluster's engine as well (KHIEN_E2E_ENGINE: sqlite or postgresql).
  KHIEN_E2E_ENGINE=postgresql run tests/e2e/story.test.mjs tests/e2e/restart.test.mjs
fi
