# make demo         set up, then train, save and reload the digits classifier
# make test         set up, then everything that must pass before a commit
# make conformance  compare with real TensorFlow and Keras, installed beside Lamina
# make record       record the oracle's answers again (GROUP=name for one group)
# make bench        time Lamina beside TensorFlow, Keras on JAX and PyTorch
# make docs         write what is generated: the table of symbols, the stubs for editors
# make format       format the code and sort the imports

PYTHON ?= python3
VENV := .venv
ORACLE := .venv-oracle
BENCH := .venv-bench
PY := $(VENV)/bin/python
QUIET := TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1
# TensorFlow's own oneDNN kernels end the process on some bad inputs, and differ from
# processor to processor.
REFERENCE := $(QUIET) TF_ENABLE_ONEDNN_OPTS=0
LIVE := build/conformance

.PHONY: demo test lint pytest conformance record bench docs format clean

demo: $(VENV)/.ready
	$(VENV)/bin/lamina demo

test: lint pytest

lint: $(VENV)/.ready-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/mypy
	$(PY) tools/check_docstrings.py
	$(PY) tools/compatibility.py --check

pytest: $(VENV)/.ready-test
	$(PY) -m pytest -q

conformance: $(VENV)/.ready-test $(ORACLE)/.ready
	rm -rf $(LIVE)
	$(REFERENCE) $(ORACLE)/bin/python -m tests.conformance.record --into $(LIVE)
	$(PY) -m tests.conformance.compare $(LIVE)
	LAMINA_ANSWERS=$(LIVE) $(PY) -m pytest -q tests/conformance/test_conformance.py

record: $(ORACLE)/.ready
	$(REFERENCE) $(ORACLE)/bin/python -m tests.conformance.record $(GROUP)

bench: $(BENCH)/.ready
	$(QUIET) $(BENCH)/bin/python -m benchmarks $(ARGS)

docs: $(VENV)/.ready-test
	$(PY) tools/generate_stubs.py
	$(PY) tools/compatibility.py

format: $(VENV)/.ready-test
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:
	rm -rf build dist *.egg-info $(VENV) $(ORACLE) $(BENCH)

# Set-up happens once: a stamp is newer than what it depends on.
$(VENV)/.ready: pyproject.toml tools/setup_env.py
	$(PYTHON) tools/setup_env.py $(VENV) --editable .
	@touch $@

$(VENV)/.ready-test: pyproject.toml tools/setup_env.py
	$(PYTHON) tools/setup_env.py $(VENV) --editable ".[test]"
	@touch $@ $(VENV)/.ready

$(ORACLE)/.ready: tests/conformance/requirements.txt tools/setup_env.py
	$(PYTHON) tools/setup_env.py $(ORACLE) --requirement $<
	@touch $@

$(BENCH)/.ready: benchmarks/requirements.txt pyproject.toml tools/setup_env.py
	$(PYTHON) tools/setup_env.py $(BENCH) --requirement $< --editable .
	@touch $@
