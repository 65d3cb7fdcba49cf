# Two commands: `make demo` and `make test`. Both make .venv first, once for a lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SEED ?= 1
JOBS ?= 2
EXTRAS ?= export,e5,sweep,tensorboard,dev

.PHONY: demo test test-all lint lock clean

demo: $(STAMP)
	scripts/demo.sh $(SEED)

test: $(STAMP)
	$(BIN)/python -m pytest -m "not long" -n $(JOBS) --dist loadfile

test-all: $(STAMP)
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# torch alone first: pip then takes the CPU build where its index has one. The one line for CUDA:
#   make demo PIP_TORCH="--index-url INDEX"     with PyTorch's index for your CUDA version
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "korpu needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -c requirements.lock $(PIP_TORCH) torch
	$(BIN)/python -m pip install -q -c requirements.lock -e '.[$(EXTRAS)]'
	touch $@

# Pins what is installed now, for the next person.
lock:
	$(BIN)/python -m pip freeze --exclude-editable --exclude korpu | sed 's/^torch==\([0-9.]*\).*/torch==\1/' > requirements.lock

clean:
	rm -rf outputs registry multirun wandb
