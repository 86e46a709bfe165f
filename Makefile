# Everything a newcomer needs: `make run` shows the gateway at work, `make test` proves it.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup run test test-system package check bench soak docs lock clean

help:
	@echo "make run    the gateway with a simulated house, broker and platform (Ctrl-C ends it)"
	@echo "make test   every test; installs mosquitto and chromium where it may"
	@echo "make package      the Debian packages, into dist/"
	@echo "make test-system  the package on machines of their own under real systemd; needs root"
	@echo "make check  format, lint, types, import contracts, fast"
	@echo "make bench  every benchmark and docs/benchmarks.md"
	@echo "make soak   the long run: adapter unplugged and converter rebooted 100 times"
	@echo "make docs   the generated reference"

setup: $(STAMP)

$(STAMP): requirements.lock setup.cfg pyproject.toml packaging/setup.sh
	@PYTHON="$(PYTHON)" sh packaging/setup.sh $(VENV)

run: setup
	@$(BIN)/python -m simulators.tour

test: setup
	@sh packaging/mosquitto.sh
	@sh packaging/chromium.sh
	@$(BIN)/python -m pytest -n 3 --dist loadfile # a third waits: for lines and browsers at their own pace

package: setup
	@$(BIN)/python packaging/makedeb

test-system: setup
	@sh packaging/mosquitto.sh
	@sh packaging/nspawn.sh
	@$(BIN)/python -m pytest tests/system --timeout 900 -rs

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/heatpump-agent docs --check
	@$(BIN)/python -m bench.provisions --check

bench: setup
	@sh packaging/mosquitto.sh
	@$(BIN)/python -m bench all

soak: setup
	@sh packaging/mosquitto.sh
	@$(BIN)/python -m bench replug

docs: setup
	@$(BIN)/heatpump-agent docs
	@$(BIN)/python -m bench.provisions

# Pins what setup.cfg allows; run it to take newer versions.
lock: setup
	@$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --all-build-deps --allow-unsafe \
	  --extra sim --extra dev --output-file requirements.lock setup.cfg

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
