# make demo    the whole of LASIUM on built-in characters, with a report
# make test    lint, types and tests
# make format  what lint asks for

PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
RUN := .venv/bin

.PHONY: demo test lint types tests format clean

demo: .venv/installed
	$(RUN)/python experiments/lasium.py --config=configs/lasium/glyphs.py:ro-vae-maml \
	  --workdir=runs/demo

test: lint types tests

lint: .venv/installed
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: .venv/installed
	$(RUN)/mypy

tests: .venv/installed
	$(RUN)/pytest

format: .venv/installed
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

# The exact versions of constraints.txt, or with CONSTRAINTS=/dev/null the newest
# that setup.py allows; JAX for another device: see README.
.venv/installed: setup.py constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d; name one with make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv
	$(RUN)/python -m pip install --quiet --constraint $(CONSTRAINTS) \
	  --editable '.[classifier,demo,experiments,glyphs,tfds,test]'
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
