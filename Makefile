# make demo, make test, make neo4j: everything happens in .venv, .neo4j and .demo of this folder.
PYTHON ?= python3
PYTEST ?=
ZOO_PYTHON := .venv/bin/python

.PHONY: demo install test lint neo4j neo4j-stop bench browser

# What a user gets: the package and its dependencies.
.venv/package: pyproject.toml
	$(PYTHON) -m venv .venv
	$(ZOO_PYTHON) -m pip install --quiet --upgrade pip uv
	.venv/bin/uv pip install --quiet --python $(ZOO_PYTHON) --editable .
	touch $@

# What a developer gets: every extra and the tools of the tests as well.
.venv/everything: .venv/package
	.venv/bin/uv pip install --quiet --python $(ZOO_PYTHON) --requirements pyproject.toml --all-extras --group test
	touch $@

install: .venv/everything

lint: .venv/everything
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

# Many tests wait for servers and processes: two at a time, each worker with servers of its own. In
# the order of the folders: by the number of its tests the longest files would come last, one alone.
test: lint
	.venv/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

# A real Neo4j in .neo4j/, from Maven Central, kept between starts; prints how to connect.
neo4j: .venv/everything
	@$(ZOO_PYTHON) -m tests.neo4j start

neo4j-stop: .venv/everything
	@$(ZOO_PYTHON) -m tests.neo4j stop

bench: .venv/everything
	$(ZOO_PYTHON) -m bench

# The saved queries as one archive to drop onto Neo4j Browser.
browser: .venv/package
	@$(ZOO_PYTHON) -m browser.pack

# One dataset left out of the zoo and predicted; then some models of our own fine-tuned live, to see
# who is right. Always in stores that are thrown away.
HISTORY ?= $(firstword $(wildcard ../shared/data/transfergraph zoo/mini/history))
demo: .venv/jobs
	@$(ZOO_PYTHON) examples/left_out.py $(HISTORY)
	@$(ZOO_PYTHON) examples/live.py

.venv/jobs: .venv/package
	.venv/bin/uv pip install --quiet --python $(ZOO_PYTHON) --editable ".[jobs]"
	touch $@
