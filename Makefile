# Dear Rep: `make run` serves everything on this machine, `make test` checks everything. See README.md.

PYTHON ?= python3
PORT ?=
BIN := .venv/bin

.PHONY: run test compiled test-shuffled bench-compare faults-long coverage check style unit format lock setup browser mail-server bench faults words screenshots lighthouse clean environment environment-dev

run: environment
	@exec $(BIN)/dearrep up $(if $(PORT),--port $(PORT))

# mypy takes half a minute on a fresh checkout; it runs beside the tests, and has the last word when it finds something.
test: environment-dev browser mail-server
	@$(MAKE) --no-print-directory -j2 style compiled
	@mkdir -p .mypy_cache; $(BIN)/mypy > .mypy_cache/run.log 2>&1 & types=$$!; \
	$(BIN)/python -m pytest -n 4; tests=$$?; \
	wait $$types || { cat .mypy_cache/run.log; exit 1; }; exit $$tests

# Compiled once, not by each of the test processes and of those that they start; tests by pytest, which rewrites them.
compiled: environment-dev
	@$(BIN)/python -m compileall -q shared web worker
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -q > /dev/null

# The same tests, a quarter slower, and which lines none of them reaches.
coverage: environment-dev browser mail-server
	@$(BIN)/python -m pytest -n 3 --cov --cov-report=term:skip-covered

# Rows of queries without an ORDER BY come in random order in the services' tests; this tries another order: make test-shuffled SEED=7
SEED ?= $(shell date +%s)
test-shuffled: environment-dev
	@SHUFFLE_SEED=$(SEED) $(BIN)/python -m pytest -n 3 tests/services

# Types, style and the direction of imports.
check: style
	@$(BIN)/mypy

style: environment-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo

# The tests that need no server: seconds.
unit: environment-dev
	@$(BIN)/python -m pytest tests/unit -q

format: environment-dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

# Public data of a state, street ranges too: make setup STATE=ma
STATE ?= ma
setup: environment
	@$(BIN)/dearrep setup $(STATE)

# Pins every package with its hashes; needs uv (https://docs.astral.sh/uv/).
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv"; exit 1; }
	@uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" -o requirements.txt
	@uv pip compile -q pyproject.toml --extra dev -c requirements.txt --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.txt

# Brings the catalogs in shared/translations up to date with the sentences in code and templates.
words: environment-dev
	@$(BIN)/python -m scripts.words

browser:
	@sh scripts/install_browser.sh

mail-server:
	@sh scripts/install_mail_server.sh

# Random faults in real processes, some seconds a seed; repeat one: make faults SEEDS=1 FIRST=123
SEEDS ?= 1000
FIRST ?= 1
faults: environment-dev
	@FAULT_SEEDS=$(SEEDS) FAULT_FIRST_SEED=$(FIRST) $(BIN)/python -m pytest tests/faults/test_seeds.py -q

# Restores, relays that go away, lost hosts: real processes and the usual waits, some minutes. `make test` runs a short form.
faults-long: environment-dev
	@FAULTS_LONG=1 $(BIN)/python -m pytest tests/faults/test_long.py tests/faults/test_filters.py -q --durations=0

# Prints what was measured beside its goals and writes var/bench.json; one part alone: make bench PARTS=lookups
PARTS ?=
bench: environment-dev
	@$(BIN)/python -m tests.bench $(PARTS)

# Measures this checkout and BASE in turn, seven pairs: make bench-compare BASE=v0.1.0 PARTS="intake visits delivery"
PAIRS ?= 7
bench-compare: environment-dev
	@test -n "$(BASE)" || { echo "Name the commit to compare with: make bench-compare BASE=COMMIT"; exit 1; }
	@$(BIN)/python -m tests.bench.compare $(BASE) $(PARTS) --pairs $(PAIRS)

# Looked at by people: every page and state at both sizes. Some alone: make screenshots ONLY="states themes"
ONLY ?=
screenshots: environment-dev browser
	@sh scripts/install_fonts.sh
	@$(BIN)/python -m scripts.screenshots $(ONLY)

# Lighthouse on simulated slow 4G; needs node. One kind alone: make lighthouse ONLY=console
lighthouse: environment-dev browser
	@command -v npx >/dev/null || { echo "make lighthouse needs node and npx."; exit 1; }
	@$(BIN)/python -m scripts.lighthouse $(ONLY)

# Removes what can be made again; ./var, where the data are, stays.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	find shared web worker tests -name __pycache__ -type d -prune -exec rm -rf {} +

environment environment-dev:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) bootstrap.py $(if $(findstring -dev,$@),--dev)
