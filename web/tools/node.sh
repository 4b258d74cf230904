#!/bin/sh
# tools/node.sh COMMAND… : runs COMMAND with the Node that `npm ci` brought. npm 9 of Debian 12 does
# not link that package's program into node_modules/.bin, so its folder goes into PATH by name. On
# another kind of machine the machine's own Node is used.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
for machine in x64 arm64; do
  [ -x "$root/node_modules/node-linux-$machine/bin/node" ] || continue
  PATH="$root/node_modules/node-linux-$machine/bin:$PATH"
done
PATH="$PATH:$root/node_modules/.bin"
export PATH
exec "$@"
