"""Which tests a repository has, how they are run, and which reports they leave: one row a kind."""

import json

import pytest

from ci_reporter.init.suites import suites
from ci_reporter.init.tree import look

PYPROJECT = '[project]\nname = "shop"\nversion = "1"\n'
PYTEST_COV = PYPROJECT + '[project.optional-dependencies]\ndev = ["ruff"]\ntest = ["pytest", "pytest-cov"]\n'
ADDOPTS = '[tool.pytest.ini_options]\naddopts = "--cov=shop --cov-report=xml:out/cov.xml --junitxml=out/junit.xml"\n'
JACOCO = "<project><artifactId>jacoco-maven-plugin</artifactId></project>"


def package(test, **more):
    return json.dumps({"scripts": {"test": test}, **more})


KINDS = {
    "pytest": (
        {"tests/test_cart.py": "", "setup.py": "setup()"},
        ("python -m pytest --junitxml=junit.xml", ["junit.xml"], []),
    ),
    "pytest-cov": (
        {"pyproject.toml": PYTEST_COV},
        (
            "python -m pytest --junitxml=junit.xml --cov --cov-report=term --cov-report=xml",
            ["junit.xml"],
            ["coverage.xml"],
        ),
    ),
    "pytest, configured": (
        {"pyproject.toml": PYTEST_COV + ADDOPTS},
        ("python -m pytest", ["out/junit.xml"], ["out/cov.xml"]),
    ),
    "uv": (
        {"pyproject.toml": PYPROJECT + '[dependency-groups]\ndev = ["pytest"]\n', "uv.lock": ""},
        ("uv run pytest --junitxml=junit.xml", ["junit.xml"], []),
    ),
    "tox": (
        {"tox.ini": "[testenv]\ncommands = pytest --junitxml=reports/junit.xml", "pyproject.toml": PYPROJECT},
        ("tox", ["reports/junit.xml"], []),
    ),
    "jest": (
        {"package.json": package("jest", devDependencies={"jest-junit": "16"}), "package-lock.json": "{}"},
        (
            "npm test -- --coverage --reporters=default --reporters=jest-junit",
            ["junit.xml"],
            ["coverage/lcov.info"],
        ),
    ),
    "vitest": (
        {"package.json": package("vitest run"), "pnpm-lock.yaml": ""},
        ("pnpm test --reporter=default --reporter=junit --outputFile=junit.xml", ["junit.xml"], []),
    ),
    "a chain of commands": ({"package.json": package("lint && jest")}, ("npm test", [], [])),
    "go": (
        {"go.mod": "module x"},
        ("go test -coverprofile=coverage.out ./...", [], ["coverage.out"]),
    ),
    "cargo": ({"Cargo.toml": "[package]"}, ("cargo test", [], [])),
    "nextest": (
        {"Cargo.toml": "", ".config/nextest.toml": '[profile.ci.junit]\npath = "junit.xml"\n'},
        ("cargo nextest run --profile ci", ["target/nextest/ci/junit.xml"], []),
    ),
    "maven": (
        {"pom.xml": JACOCO, "mvnw": ""},
        (
            "./mvnw --batch-mode verify",
            ["**/target/surefire-reports/TEST-*.xml", "**/target/failsafe-reports/TEST-*.xml"],
            ["**/target/site/jacoco/jacoco.xml"],
        ),
    ),
    "gradle": (
        {"build.gradle.kts": "plugins { java }", "gradlew": ""},
        ("./gradlew check", ["**/build/test-results/**/TEST-*.xml"], []),
    ),
    "dotnet": ({"shop.sln": ""}, ("dotnet test --logger trx", ["**/TestResults/*.trx"], [])),
    "rspec": (
        {"Gemfile": 'gem "rspec"\ngem "simplecov"'},
        ("bundle exec rspec", [], ["coverage/.resultset.json"]),
    ),
    "phpunit": (
        {"phpunit.xml.dist": ""},
        ("vendor/bin/phpunit --log-junit junit.xml", ["junit.xml"], []),
    ),
    "make": ({"Makefile": "all:\ntest: all\n\t./t\n"}, ("make test", [], [])),
}


@pytest.mark.parametrize(("files", "wanted"), KINDS.values(), ids=KINDS)
def test_the_tests_of_a_repository_are_found(repository, files, wanted):
    (found,) = suites(look(str(repository(files))))
    assert (found.command, list(found.tests), list(found.coverage)) == wanted


@pytest.mark.parametrize(
    ("files", "install"),
    [
        ({"pyproject.toml": PYTEST_COV}, '-e ".[test]"'),
        ({"pyproject.toml": PYPROJECT + '[dependency-groups]\ntest = ["pytest"]\n'}, "-e . --group test"),
        (
            {"requirements.txt": "flask", "requirements-dev.txt": "pytest"},
            "-r requirements-dev.txt -r requirements.txt",
        ),
        ({"requirements.txt": "flask", "test_shop.py": ""}, "-r requirements.txt pytest"),
    ],
    ids=["extra", "group", "requirements", "pytest alone"],
)
def test_pip_installs_what_the_tests_need(repository, files, install):
    (found,) = suites(look(str(repository(files))))
    assert found.install == (f"python -m pip install --quiet {install}",)


def test_a_repository_of_several_projects_has_a_suite_for_each(repository):
    files = {"api/go.mod": "", "web/package.json": package("vitest"), "web/packages/a/package.json": package("jest")}
    found = suites(look(str(repository(files))))
    assert [(each.name, each.folder) for each in found] == [("go test", "api"), ("vitest", "web")]


def test_a_folder_whose_name_a_shell_would_run_is_passed_over(repository):
    assert suites(look(str(repository({"$(touch x)/go.mod": ""})))) == ()


def test_a_path_that_a_shell_would_run_is_not_taken_from_a_configuration(repository):
    files = {"pytest.ini": "[pytest]\naddopts = --junitxml=$(touch${IFS}x).xml"}
    (found,) = suites(look(str(repository(files))))
    assert (found.tests, "$" in found.command) == (("junit.xml",), False)


def test_a_package_without_tests_has_no_suite(repository):
    text = package('echo "Error: no test specified" && exit 1')
    assert suites(look(str(repository({"package.json": text})))) == ()
