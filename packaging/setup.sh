#!/bin/sh
# Makes the virtual environment: setup.sh VENV, with PYTHON naming the interpreter.
set -eu
venv=$1
if [ -z "${PYTHON:-}" ]; then
  echo "Python 3.11 or newer is needed and was not found." >&2
  exit 3
fi
if ! "$PYTHON" -m venv "$venv" 2>/dev/null; then
  rm -rf "$venv"
  version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  package="python$version-venv"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $package"
    apt-get update -qq && apt-get install -y -qq "$package" >/dev/null
  elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then
    echo "installing $package"
    sudo apt-get update -qq && sudo apt-get install -y -qq "$package" >/dev/null
  else
    echo "Debian keeps venv in a package of its own. Please run once: sudo apt-get install $package" >&2
    exit 3
  fi
  "$PYTHON" -m venv "$venv"
fi
echo "installing the pinned packages into $venv (a minute or two)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
# What an earlier build left here would hide the entry points of this one.
rm -rf ./*.egg-info
PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$venv/.ready"
