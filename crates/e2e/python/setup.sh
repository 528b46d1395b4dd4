#!/bin/sh
# Installs the SDKs of requirements.txt into a virtual environment in the target directory, where the tests look for them.
# Does nothing if they are installed. Needs python3 with venv, and the network the first time.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${CARGO_TARGET_DIR:-$here/../../../target}/python-sdks
requirements=$here/requirements.txt

if cmp -s "$requirements" "$venv/installed.txt"; then
    exit 0
fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "python3 with its venv module is missing; on Debian: apt-get install python3-venv" >&2
    exit 1
fi
echo "installing the OpenTelemetry and Sentry SDKs for Python into $venv"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
# Last, so that an interrupted installation is repeated.
cp "$requirements" "$venv/installed.txt"
