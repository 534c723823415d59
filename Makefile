# The newcomer's words. Everything that is made lands in .venv/ or build/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test accuracy lint bench soak firmware flash hardware target looptime population clean

BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip install --disable-pip-version-check -qq

STUBS := $(shell sed -n 's/^esp32-stubs = "\(.*\)"/\1/p' pyproject.toml)
STUBS_DIR := .venv/esp32/lib/site-packages

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

setup: $(READY) ## make .venv with the host tools and the firmware's interpreter (PYTHON=... to choose)

# Another PYTHON than the one in .venv makes it anew.
VERSION := -c 'import sys; print(sys.version_info[:2])' 2>/dev/null
ifneq ($(PYTHON),)
ifneq ($(shell $(PYTHON) $(VERSION)),$(shell $(BIN)/python $(VERSION)))
.PHONY: $(READY)
endif
endif

# Python 3.10 to 3.12 are tried first: all packages have wheels there. With a later one
# pyedflib is compiled, which takes a C compiler.
$(READY): pyproject.toml
	@set -e; python=; \
	for newest in '(3, 12)' '(3, 99)'; do \
	  for candidate in $(or $(PYTHON),python3 python3.12 python3.11 python3.10 python3.13 python); do \
	    if "$$candidate" -c "import sys; v = sys.version_info[:2]; \
	sys.exit(not (3, 10) <= v <= $$newest)" 2>/dev/null; \
	    then python=$$candidate; break 2; fi; \
	  done; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "$(if $(PYTHON),$(PYTHON) is not Python 3.10 or newer,No Python 3.10 or newer was found)." \
	    "Install one, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments. Install its venv package" \
	    "(Debian, Ubuntu: apt install python3-venv), or choose another with PYTHON=..." >&2; \
	  exit 1; fi; \
	found=$$($(BIN)/python $(VERSION) || true); \
	if [ -z "$$found" ] || { [ -n "$(PYTHON)" ] && [ "$$found" != "$$($(PYTHON) $(VERSION))" ]; }; then \
	  "$$python" -m venv --clear .venv; fi; \
	echo "Installing the pinned packages into .venv ($$($(BIN)/python -V)); about a minute ..."; \
	if ! $(PIP) -e '.[dev]'; then \
	  echo "The packages could not be installed; the reason stands above. After Python 3.12," \
	    "pyedflib is compiled and needs a C compiler." >&2; exit 1; fi; \
	rm -rf .venv/esp32; \
	$(PIP) --target $(STUBS_DIR) --no-deps $(STUBS); \
	touch $@

demo: build/demo/run.edf ## synthesise a run that tires at minute 17, replay it, say where the report is
	$(BIN)/calfband replay build/demo/run.edf --out build/demo/out

build/demo/run.edf: | $(READY)
	@mkdir -p $(@D)
	$(BIN)/calfband synth $@

test: $(READY) ## all tests, a process a core (ARGS="-k onset -x" goes to pytest)
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

accuracy: $(READY) ## the firmware next to published methods: build/accuracy/accuracy.html
	$(BIN)/python -m tests.accuracy --html build/accuracy/accuracy.html $(ARGS)

lint: $(READY) firmware ## ruff, type checks of both trees, and the band's own compiler
	@failed=; \
	for check in 'ruff check' 'ruff format --check' basedpyright \
	  'basedpyright -p firmware/pyrightconfig.json'; do \
	  echo "$$check"; $(BIN)/$$check || failed=1; \
	done; [ -z "$$failed" ]

firmware: $(READY) ## compile the firmware, list and pack it for each flash size: build/firmware
	$(BIN)/python -m host_tools.image $(ARGS)

hardware: $(READY) ## check the unit's circuit; netlist, parts list and drawings: build/hardware
	$(BIN)/python -m hardware $(ARGS)

flash: $(READY) ## put the firmware onto a unit on USB (ARGS="--base FILE"; see calfband flash --help)
	$(BIN)/calfband flash $(ARGS)

bench: $(READY) ## time the firmware against native, bytecode, C and NumPy in one run
	$(BIN)/python -m bench

target: $(READY) ## the firmware on the band's instruction set: exact? cost? (ARGS="--record")
	$(BIN)/python -m target $(ARGS)

looptime: $(READY) ## play the unit's loop for hours of worst cases: what overruns? (ARGS="--hours 1")
	$(BIN)/python -m target.loop $(ARGS)

soak: $(READY) ## 10 hours of virtual running, quiet and with a mishap every minute (ARGS="--hours 1")
	$(BIN)/python -m host_tools.virtual.soak $(ARGS)

population: $(READY) ## judge the warnings on 2000 synthetic athletes; stopped, it goes on (ARGS="--tier raw")
	$(BIN)/calfband population $(ARGS)

clean: ## remove what was made, but not .venv
	rm -rf build
