# Two commands: `make demo` shows what this is, `make test` checks all of it. Both start from Python alone.
PYTHON ?= python3
VENV ?= .venv-test
BIN = $(abspath $(VENV))/bin
SOURCES := pyproject.toml $(shell find ci_reporter -type f ! -name '*.pyc')

# Nothing is written to the home folder.
export PIP_CACHE_DIR ?= $(abspath $(VENV))/cache/pip
export npm_config_cache ?= $(abspath $(VENV))/cache/npm
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Most of what pip installs is never imported, and compiling it is half of pip's time.
export PIP_COMPILE := 0
# Compiled modules are kept, or each worker of pytest would compile the tests.
export PYTHONDONTWRITEBYTECODE :=

# The Pythons that ci-reporter.pyz has byte code for; any other compiles it at each call.
PYZ_PYTHONS ?= 3.11 3.12 3.13

.PHONY: help demo stack test test-tools pyz packages dev site lint compiled-tests clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo    record two steps of a small project, on nothing but Python'
	@echo '             PUSHGATEWAY_URL=http://localhost:9091 pushes them, too'
	@echo 'make stack   Prometheus, Pushgateway and Alertmanager with a day of runs, until ^C'
	@echo 'make test    lint and every test, on the installed package and real servers'
	@echo '             REQUIRE_ALL=1 fails where a test would be skipped; VENV=folder, default .venv-test'
	@echo 'make pyz     dist/ci-reporter.pyz, the whole program in one file; needs Python $(PYZ_PYTHONS)'
	@echo 'make packages    the wheel and the sdist, in dist/'
	@echo 'make site    the documentation as a site, in site/'
	@echo 'make lint    formatting, lint, types and layers'
	@echo 'make dev     .venv with an editable install, to work in'
	@echo 'make clean   remove what these made'
	@echo
	@echo 'PYTHON=python3.13 chooses the interpreter (3.11 or newer).'

demo: VENV = .demo/venv
demo: .demo/ready
	@scripts/demo

# The dashboards' and alerts' servers, from Debian's packages; examples/stack/compose.yml has Grafana, too.
stack: .demo/ready
	@for each in prometheus promtool prometheus-pushgateway prometheus-alertmanager; do command -v $$each >/dev/null || \
	  { echo "$$each is not installed: apt-get install prometheus prometheus-pushgateway prometheus-alertmanager" >&2; exit 1; }; done
	@PYTHONDONTWRITEBYTECODE=1 .demo/venv/bin/python examples/stack/stack.py

.demo/ready: $(SOURCES) examples/gitlab-ci/requirements.txt
	@$(call environment,.demo/venv)
	@echo 'installing ci-reporter, pytest and pytest-cov into .demo/venv'
	@$(call pip,.demo/venv) install --quiet . -r examples/gitlab-ci/requirements.txt
	@touch $@

# Slow tests wait most of their time, for watches and timeouts: six workers keep two cores busy.
test:
	@$(MAKE) --no-print-directory -j3 test-tools lint compiled-tests
	CI_REPORTER_TESTS_REQUIRE_ALL='$(REQUIRE_ALL)' $(BIN)/pytest -n 6 --dist worksteal --junitxml=$(VENV)/junit.xml
	@[ '$(REQUIRE_ALL)' != 1 ] || grep -q ' skipped="0"' $(VENV)/junit.xml || { echo 'REQUIRE_ALL=1, and tests were skipped' >&2; exit 1; }

# The tests run what people get, the installed package: not the tree, not an editable install.
$(VENV)/ready: $(SOURCES)
	@$(call environment,$(VENV))
	@echo 'installing ci-reporter and what its tests need into $(VENV)'
	@$(call pip,$(VENV)) install --quiet '.[test]'
	@touch $@

# Servers and tools are downloaded while pip downloads what the linters need.
test-tools:
	@REQUIRE_ALL='$(REQUIRE_ALL)' scripts/test-tools

# pytest rewrites the assertions of each file and keeps what it compiled: once here, on the core that the linters leave
# idle, and not once in each worker. A file that cannot be collected is shown by the run that follows.
compiled-tests: $(VENV)/ready
	@$(BIN)/pytest --collect-only -q >/dev/null 2>&1 || true

site: $(VENV)/ready
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo 'open site/index.html'

lint: $(VENV)/ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

packages:
	@$(call environment,.pyz)
	@$(call pip,.pyz) install --quiet 'hatchling==1.33.0'
	@.pyz/bin/hatchling build -d dist

pyz: dist/ci-reporter.pyz

dist/ci-reporter.pyz: $(SOURCES) $(wildcard scripts/pyz/*)
	@$(call environment,.pyz)
	@.pyz/bin/python scripts/pyz --output $@ $(addprefix --python=,$(PYZ_PYTHONS))

dev: .venv/dev

.venv/dev: pyproject.toml
	@$(call environment,.venv)
	@$(call pip,.venv) install --quiet --editable '.[test]'
	@touch $@

clean: # not .venv, which is yours
	rm -rf .demo .pyz $(VENV) node_modules dist site .ci-reporter .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# A pip of its own costs an environment five seconds; that of $(PYTHON) can install into it, where it has one.
environment = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "$(PYTHON) is not Python 3.11 or newer; name one: make $@ PYTHON=python3.13" >&2; exit 1; } \
	&& $(PYTHON) -m venv --without-pip $(1) && echo '*' > $(1)/.gitignore \
	&& { $(PYTHON) -m pip --python $(1)/bin/python --version >/dev/null 2>&1 || $(PYTHON) -m venv $(1); }

pip = $$([ -x $(1)/bin/pip ] && echo $(1)/bin/python -m pip || echo $(PYTHON) -m pip --python $(1)/bin/python)
