# Galaxy Explorer
#
#   make app     set up, then open the app in the browser
#   make share   set up, then share the app in the network, with a QR code
#   make test    set up, then run all tests
#   make check   format, lint, types and tests: what every change must pass
#   make clean   remove the environment and what the tools keep
#
# All Python packages are installed into the folder .venv. The first time takes some minutes, mostly for PyTorch;
# afterwards make installs again only when a file of requirements changes. If Chromium or npm is missing, test and check
# install it outside .venv: as root on Debian and Ubuntu by apt, else Chromium into Playwright's own cache.
#
#   make app PYTHON=python3.13             another Python (3.11 or newer)
#   make app ARGS="--server.port 8600"     options for streamlit; for make share, of the command app; for make test, for pytest

PYTHON ?= python3
RUN := .venv/bin/python
# A process for each core, up to four: each imports torch, which takes a gigabyte.
TESTS := $(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile
PIP := $(RUN) -m pip --disable-pip-version-check --no-input
AS_ROOT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null
APT := DEBIAN_FRONTEND=noninteractive apt-get -q

# Debian and Ubuntu package venv separately from Python: it is installed if we are root.
# A stamp is written when an installation has finished: without it the environment is created again.
# An environment whose Python is gone (after an upgrade of the system, for example) loses its stamps.
FOR_APP := .venv/.ready-for-app
FOR_TESTS := .venv/.ready-for-tests
STALE := $(shell [ -e $(FOR_APP) ] && ! $(RUN) -c '' 2>/dev/null && rm -f $(FOR_APP) $(FOR_TESTS))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help app share test check chromium npm clean

help:
	@sed -n 's/^#   //p' Makefile

app: $(FOR_APP)
	$(RUN) -m streamlit run app.py $(ARGS)

share: $(FOR_APP)
	$(RUN) -m galaxy_explorer app --share $(ARGS)

test: $(FOR_TESTS) chromium npm
	$(TESTS) $(ARGS)

check: $(FOR_TESTS) chromium npm
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(TESTS) $(ARGS)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(FOR_APP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Galaxy Explorer needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1 | head -n 1)." \
	    "Install one and name it, for instance: make app PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(AS_ROOT) && $(APT) update && $(APT) install -y python3-venv; } || :
	@[ -e $@ ] || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@echo "Installing into .venv. The first time takes some minutes: on Linux PyTorch and its CUDA libraries" \
	  "are a download of about 3 GB, 6 GB on disk."
	$(PIP) install -r requirements.txt
	@touch $@

$(FOR_TESTS): requirements-dev.txt $(FOR_APP)
	$(PIP) install --quiet -r requirements.txt -r requirements-dev.txt
	@touch $@

# The browser tests use a Chromium of the system if one starts.
chromium: $(FOR_TESTS)
	@for name in chromium chromium-browser google-chrome; do \
	  "$$name" --version >/dev/null 2>&1 && exit 0; \
	done; \
	if $(AS_ROOT) && grep -qs '^ID=debian' /etc/os-release; then \
	  $(APT) update && $(APT) install -y chromium; \
	else \
	  $(RUN) -m playwright install $$($(AS_ROOT) && echo --with-deps) chromium; \
	fi

# One browser test fetches axe-core by npm, and is skipped without it.
npm:
	@command -v npm >/dev/null || { $(AS_ROOT) && $(APT) update && $(APT) install -y --no-install-recommends npm; } || :
