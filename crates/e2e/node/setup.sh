#!/bin/sh
# Installs the SDKs of package-lock.json next to the scripts that import them. Does nothing if they are installed. Needs npm, and
# the network the first time.
set -eu
cd -- "$(dirname -- "$0")"

# npm's record of installed packages; one older than the lock file is outdated.
installed=node_modules/.package-lock.json
if [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ]; then
    exit 0
fi
if ! command -v npm >/dev/null; then
    echo "Node with npm is missing: https://nodejs.org" >&2
    exit 1
fi
echo "installing the OpenTelemetry and Sentry SDKs for Node.js into $(pwd)/node_modules"
npm ci --no-audit --no-fund --loglevel=error
touch "$installed"
