#!/bin/sh
# Makes .venv hold exactly what the lock says, getting uv and Python first where they are missing; instant when up to date.
set -eu
unset UV_PROJECT_ENVIRONMENT VIRTUAL_ENV
# The system's certificates know a company's proxy; uv's own do not.
if [ -s /etc/ssl/certs/ca-certificates.crt ] || [ "$(uname)" = Darwin ]; then export UV_SYSTEM_CERTS=1; fi
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# The folder is part of the stamp: a virtual environment does not survive a move.
fingerprint() {
    { pwd; echo "${UV_PYTHON:-}"; cat uv.lock requirements.lock pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml deploy/setup.sh; } | cksum
}

root_apt() {
    [ "$(id -u)" = 0 ] && have apt-get || return 1
    say "installing $* with apt-get"
    apt-get update -q >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}

# pip comes as a Debian package that needs no installation: for users who are not root and lack python3-venv.
pip_from_debian() {
    have apt-get && have dpkg-deb || return 1
    apt=$PWD/.boot/apt
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    options="-o Dir::State=$apt -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache=$apt -o APT::Sandbox::User="
    # shellcheck disable=SC2086 # the options are words without spaces of their own
    (cd "$apt" && apt-get $options update -q >&2 && apt-get $options download -q python3-pip-whl >&2 && dpkg-deb -x python3-pip-whl_*.deb .) || return 1
    PYTHONPATH=$(ls "$apt"/usr/share/python-wheels/pip-*.whl) python3 -m pip install -q --target .boot/uv 'uv>=0.9,<1' >&2
}

# Every route ends in .boot/bin/uv or .boot/uv/bin/uv.
boot_uv() {
    have python3 || root_apt python3 python3-venv ca-certificates ||
        fail "neither uv nor python3 is here: install Python 3.11-3.13 (Debian: apt-get install python3 python3-venv), or uv"
    say "getting uv"
    { python3 -m venv .boot && .boot/bin/pip install -q 'uv>=0.9,<1'; } >/dev/null 2>&1 && return
    python3 -m pip install -q --target .boot/uv 'uv>=0.9,<1' 2>/dev/null && return
    root_apt python3-venv && python3 -m venv --clear .boot && .boot/bin/pip install -q 'uv>=0.9,<1' && return
    pip_from_debian && return
    fail "cannot get uv: needs a package index, and python3 with venv or pip (Debian: apt-get install python3-venv)"
}

find_uv() {
    for uv in "$(command -v uv || true)" .boot/bin/uv .boot/uv/bin/uv; do
        [ -n "$uv" ] && "$uv" --version >/dev/null 2>&1 && return
    done
    return 1
}

find_python() {
    [ -n "${UV_PYTHON:-}" ] || "$uv" python find -q --no-python-downloads '>=3.11,<3.14' >/dev/null 2>&1 && return
    say "getting Python 3.12"
    "$uv" python install -q 3.12 2>/dev/null && return
    for version in 3.13 3.12 3.11; do
        root_apt "python$version" "python$version-venv" 2>/dev/null && return
    done
    fail "Python 3.11, 3.12 or 3.13 is needed and could not be downloaded: install one and run this again"
}

# Compiled once here: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each process would compile it all anew.
export UV_COMPILE_BYTECODE=1

# `uv sync` goes to the hosts named in uv.lock; an index of the user's own is reached through the exported lock.
install() {
    index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}}}
    if [ -z "$index" ]; then
        "$uv" sync -q --all-packages --frozen && return
        say "uv sync failed; trying the exported lock"
    fi
    [ -x .venv/bin/python ] || "$uv" venv -q .venv
    export UV_DEFAULT_INDEX="${index:-${UV_DEFAULT_INDEX:-}}"
    [ -n "$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX
    "$uv" pip sync -q --python .venv --require-hashes requirements.lock
    set --
    for member in libs/* services/* cli; do set -- "$@" -e "$member"; done
    "$uv" pip install -q --python .venv --no-deps "$@"
}

stamp=.venv/.posthorn-setup
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then exit 0; fi
find_uv || { boot_uv && find_uv; } || fail "uv was installed and does not start"
find_python
say "installing into .venv"
install
.venv/bin/python -m compileall -q -j 0 libs/*/src services/*/src cli/src || say "not everything compiles: starts are slower"
fingerprint >"$stamp"
