#!/bin/sh
# Solves constraints.txt, for every platform and Python at once, over all extras and what is planned.
# Arguments go to `uv pip compile`: --upgrade, --upgrade-package NAME. uv runs from a venv of its own.
set -eu

cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ -z "${PYTHON:-}" ]; then
    PYTHON=.venv/bin/python
    [ -x "$PYTHON" ] || PYTHON=python3
fi
"$PYTHON" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install -qq --disable-pip-version-check uv

cp constraints.txt "$scratch/solved.txt" # uv keeps the versions that it finds here
"$scratch/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --all-extras \
    --no-annotate --no-header pyproject.toml requirements/planned.in \
    --output-file "$scratch/solved.txt" "$@"

# A local version such as torch's CPU build would shut out everyone else's.
if grep -n '^[^#]*==[^ ;]*+' "$scratch/solved.txt"; then
    echo 'error: the lines above pin a local version; solve without that index' >&2
    exit 1
fi
{
    cat <<'HEADER'
# Every version that Steno is tested with, over all extras and those that are planned
# (requirements/planned.in), for all platforms. pip reads it: pip install -c constraints.txt -e .
# Made by `make lock`; change pyproject.toml or requirements/planned.in and run that again.
HEADER
    grep -v '^#' "$scratch/solved.txt"
} >"$scratch/constraints.txt"
cat "$scratch/constraints.txt" >constraints.txt
