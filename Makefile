# Everything on a fresh machine: `make demo` or `make test`. Both set up `.venv` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH ?=
FIGURES ?=
FUZZ ?=
CHAOS ?=
TEST ?=
# A worker holds PyTorch and small models, about 1 GB. Files stay in their order, in which the slow ones come first.
PARALLEL := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup doctor demo studio test test-quick check format docs figures dist bench fuzz chaos clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## create .venv and install gigs with its pinned dependencies

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) tools/install_check.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $(STAMP)

doctor: $(STAMP)  ## what this machine has and lacks
	$(BIN)/gigs doctor

demo: $(STAMP)  ## redesign the bundled pack's example product; opens nothing, writes demo/
	$(BIN)/gigs suggest --pack hm-128 --example 1 --audience women --seed 0 --out demo
	@echo "Open demo/report.html; demo/contact-sheet.png has all pictures on one page. Your own photo: make studio."

studio: $(STAMP)  ## the page for sellers, on this computer only; Ctrl-C ends it
	$(BIN)/gigs studio

test: $(STAMP)  ## run the tests, one worker for each core up to eight; TEST="tests/io" for some of them
	$(BIN)/python -m pytest $(PARALLEL) $(TEST)

test-quick: $(STAMP)  ## the tests but the slow ones
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" $(TEST)

check: $(STAMP)  ## lint, formatting, types and layers of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dist: $(STAMP)  ## build the source archive and the wheel, and check both
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

languages: $(STAMP)  ## bring the catalogues of report and studio up to date with the English sentences
	$(BIN)/python tools/languages.py
docs: $(STAMP)  ## build the documentation's site: site/index.html; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "Open site/index.html. Its search needs a server: $(BIN)/python -m http.server --directory site"

figures: $(STAMP)  ## measure the figures in README and guides, and fill them in; FIGURES="--list" says which commands
	$(BIN)/python -m tools.figures $(FIGURES)

bench: $(STAMP)  ## the presets side by side on this machine; BENCH="--quick" for a short one, BENCH="--help" for more
	$(BIN)/python -m benchmarks.run $(if $(findstring --shown,$(BENCH)),,$(if $(wildcard data/hm/catalogue.json),--catalogue data/hm)) $(BENCH)

fuzz: $(STAMP)  ## damage valid files in every way and read them: FUZZ="--inputs 1000" for a short run
	$(BIN)/python -m tests.fuzz.run $(FUZZ)

chaos: $(STAMP)  ## kill training and suggestions at random moments and compare: CHAOS="--rounds 20" for more
	$(BIN)/python -m tests.faults.chaos $(CHAOS)

clean:  ## remove what the commands above made, but not data or runs
	rm -rf $(VENV) demo bench site dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
