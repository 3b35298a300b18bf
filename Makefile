# Everything one does here. Each target installs what it needs into $(VENV), once.

VENV ?= .venv
BIN := $(VENV)/bin
# The first Python that runs and is new enough.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check --no-input -c constraints.txt
# On all cores, where pip takes one. What no Python can read, as templates, pip leaves aside without a word, too. Of what
# is large and hardly imported, Python compiles by itself what is.
COMPILE := $(BIN)/python -m compileall -qq -j 0 -x '/(tests|litellm/proxy|moto|mypyc?|devtools)/' $(VENV)/lib || true
# Many Pythons start here: none of them is to compile the checkout anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench soak deploy-check dev clean

demo: $(VENV)/.installed  ## the story of the README, run and explained
	$(BIN)/python examples/session_persistence.py

# One more process than there are cores: a part of the tests waits for daemons, browsers and servers. Each loads all anew.
TEST_PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')

test: $(VENV)/.installed-dev  ## lint, types, and all tests; what lint says comes last
	@said=$$(mktemp); trap 'rm -f "$$said"' EXIT; \
	$(MAKE) --no-print-directory lint >"$$said" 2>&1 & lint=$$!; \
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist worksteal; tests=$$?; \
	wait $$lint; lint=$$?; \
	cat "$$said"; exit $$((tests | lint))

lint: $(VENV)/.installed-dev  ## style, types, and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

RESULTS := benchmarks/results

# With PEER_PYTHON=python, of an environment that has cognee, that too; with DATA=locomo10.json, real conversations; with
# ENDPOINT=script REPLAY=musique.json, what a real model once extracted (see benchmarks/packing.py).
bench: $(VENV)/.installed-bench  ## costs, growth, packing and memory, in half an hour: benchmarks/results/bench.md sums up
	$(BIN)/python benchmarks/cost.py --postgres --out $(RESULTS)/cost.json $(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON))
	$(BIN)/python benchmarks/growth.py --postgres --out $(RESULTS)/growth.json
	$(BIN)/python benchmarks/packing.py --out $(RESULTS)/packing.json $(if $(REPLAY),--endpoint $(ENDPOINT) --data $(REPLAY))
	$(BIN)/python benchmarks/memory_growth.py --out $(RESULTS)/bounded.json
	$(BIN)/python benchmarks/processes.py --json $(RESULTS)/processes.json
	$(BIN)/python benchmarks/summary.py $(RESULTS)
	@test -z "$(DATA)" || $(BIN)/python benchmarks/retrieval.py $(DATA) --out $(RESULTS)/retrieval.md
	@test -z "$(DATA)" || $(BIN)/python benchmarks/locomo_sessions.py $(DATA)

SOAK_SECONDS ?= 600

soak: $(VENV)/.installed-dev  ## kills, hostile homes, concurrency, random histories; each as long as make soak SOAK_SECONDS=600
	$(BIN)/python benchmarks/crash_campaign.py --kills 300
	$(BIN)/python benchmarks/crash_campaign.py --kills 60 --redis
	$(BIN)/python benchmarks/crash_campaign.py --kills 100 --postgres
	$(BIN)/python benchmarks/hostile_home.py
	$(BIN)/python benchmarks/daemon.py
	$(BIN)/python benchmarks/concurrency_soak.py --seconds $(SOAK_SECONDS)
	$(BIN)/python benchmarks/concurrency_soak.py --seconds $(SOAK_SECONDS) --cache redis --postgres
	@test "$$(id -u)" != 0 || $(BIN)/python benchmarks/two_machines.py --seconds $(SOAK_SECONDS)
	$(BIN)/python benchmarks/service_load.py --seconds $(SOAK_SECONDS)
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/pytest tests/reliability/test_state_machine.py
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/pytest tests/sessiongraph/integrations/test_openai_agents.py
	FUZZ_REQUESTS=10000 $(BIN)/pytest tests/sessiongraph/server/test_contract.py
	FUZZ_ANSWERS=10000 $(BIN)/pytest tests/reliability/test_model_answers_fuzz.py
	@test -z "$(DATA)" || $(BIN)/python benchmarks/forgetting.py $(DATA)

deploy-check: $(VENV)/.installed-deploy  ## the files of deploy/, by the tools of those who read them, and their processes
	$(BIN)/pytest tests/deploy

dev: $(VENV)/.installed  ## the Dagster UI
	$(BIN)/sessiongraph dev

clean:  ## the environment and caches; what was made with them stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	$(COMPILE)
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev]'
	$(COMPILE)
	touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev,bench]'
	$(COMPILE)
	touch $(VENV)/.installed $(VENV)/.installed-dev $@

$(VENV)/.installed-deploy: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev,deploy]'
	$(COMPILE)
	touch $(VENV)/.installed $(VENV)/.installed-dev $@
