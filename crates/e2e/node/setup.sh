#!/bin/sh
# Installs the SDKs of package-lock.json beside the scripts that import them. Does nothing when they are there already. Needs npm, and
# the network the first time.
set -eu
cd -- "$(dirname -- "$0")"

# Where npm notes what it installed; an older note than the lock file means that there is something new.
installed=node_modules/.package-lock.json
if [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then
    exit 0
fi
if ! command -v npm >/dev/null; then
    echo "Node with npm is missing: https://nodejs.org" >&2
    exit 1
fi
echo "installing the Sentry SDKs for Node.js into $(pwd)/node_modules"
npm ci --no-audit --no-fund --loglevel=error
touch "$installed"
