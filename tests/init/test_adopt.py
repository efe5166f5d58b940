"""Lines for a workflow that a person wrote: the test commands change, and nothing else."""

import difflib

import pytest

from ci_reporter.init.given import source
from ci_reporter.init.plan import recorded_by
from ci_reporter.version import __version__

PIPX = f"run: pipx install ci-reporter=={__version__}"
PIP = f"python3 -m pip install --quiet ci-reporter=={__version__}"
HEAD = "on: push\njobs:\n  unit:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"


def changed(text, system="github"):
    """Lines that came, and then those that went, as a diff shows them."""
    new = recorded_by(system, text, None)
    lines = difflib.ndiff(text.splitlines(), (new or text).splitlines())
    return sorted(line[0] + line[2:].strip() for line in lines if line[0] in "+-")


def test_a_test_command_runs_under_ci_reporter():
    assert changed(HEAD + "      - run: pytest -q\n") == [
        "+- run: ci-reporter run --name pytest -- pytest -q",
        f"+- {PIPX}",
        "-- run: pytest -q",
    ]


def test_the_reports_that_a_command_names_are_read():
    command = "go test -coverprofile=c.out ./..."
    recorded = f"+- run: ci-reporter run --name 'go test' --coverage c.out -- {command}"
    assert recorded in changed(HEAD + f"      - run: {command}\n")


def test_the_install_line_stands_before_the_whole_step():
    step = "      - name: Test  # ours\n        if: always()\n        run: pytest -k 'not slow'  # quick\n"
    assert changed(HEAD + step) == [
        f"+- {PIPX}",
        "+run: ci-reporter run --name pytest -- pytest -k 'not slow'  # quick",
        "-run: pytest -k 'not slow'  # quick",
    ]


def test_a_line_of_a_block_changes_alone():
    block = "      - run: |\n          cd web\n          npm test\n"
    assert changed(HEAD + block) == [f"+- {PIPX}", "+ci-reporter run --name 'npm test' -- npm test", "-npm test"]


def test_it_is_installed_once_a_job():
    job = "      - run: pytest a\n      - run: pytest b\n"
    other = "  more:\n    runs-on: ubuntu-latest\n    steps:\n      - run: tox\n"
    assert changed(HEAD + job + other).count(f"+- {PIPX}") == 2


def test_a_job_of_gitlab_installs_it_in_its_script():
    text = "unit:\n  needs:\n    - pytest\n  script:\n    - pip install -e .\n    - pytest\n"
    assert changed(text, "gitlab") == ["+- ci-reporter run --name pytest -- pytest", f"+- {PIP}", "-- pytest"]


@pytest.mark.parametrize(
    "step",
    [
        "      - run: pytest a && pytest b\n",
        "      - run: pytest | tee log\n",
        "      - run: |\n          pytest \\\n            tests\n",
        "      - name: pytest\n        run: make\n",
        "      - with:\n          args: pytest\n        uses: a/b@v1\n",
        "      - run: echo pytest\n",
        "    container: alpine\n      - run: pytest\n",
    ],
    ids=["chain", "pipe", "continued", "name", "input", "word", "container"],
)
def test_what_is_not_plainly_a_command_stays(step):
    assert changed(HEAD + step) == []


def test_a_job_of_gitlab_that_may_have_no_python_stays():
    assert changed("unit:\n  image: golang\n  script:\n    - go test ./...\n", "gitlab") == []


def test_a_file_that_is_not_yaml_stays():
    assert recorded_by("github", HEAD + "      - run: pytest\n  }{\n", None) is None


def test_with_a_source_the_setup_action_is_in_the_place_of_the_package():
    new = recorded_by("github", HEAD + "      - run: pytest\n", source("acme/ci-reporter@v1"))
    assert "      - uses: acme/ci-reporter/setup@v1\n      - run: ci-reporter run --name pytest -- pytest\n" in new
