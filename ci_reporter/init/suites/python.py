"""Python: tox, nox, pytest or unittest, with pip, uv, Poetry, PDM or Pipenv.

Sources: the pytest and pytest-cov command lines; PEP 621 and 735 for extras and dependency groups.
"""

from __future__ import annotations

import re

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree
from ci_reporter.init.words import found_path

_BUILD_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "noxfile.py", "pytest.ini", "Pipfile")
_REQUIREMENTS = ("requirements*.txt", "dev-requirements.txt", "test-requirements.txt")
_EXTRAS = ("test", "tests", "testing", "dev")
_IMAGE, _TOOLCHAIN = "python:3.13-slim", "python"
_MANAGERS = {  # lock file → what installs and runs by it; the manager itself comes from pip
    "uv.lock": ("uv", "uv sync", "uv run"),
    "poetry.lock": ("poetry", "poetry install --no-interaction", "poetry run"),
    "pdm.lock": ("pdm", "pdm sync --dev", "pdm run"),
    "Pipfile.lock": ("pipenv", "pipenv sync --dev", "pipenv run"),
}


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a folder with a Python project, or with pytest's tests."""
    texts = {name: tree.text(within(folder, name)) for name in _BUILD_FILES}
    requirements = [path for like in _REQUIREMENTS for path in tree.files_like(like, folder, deep=False)]
    everything = "\n".join([*texts.values(), *map(tree.text, requirements)])
    if not everything.strip():
        return None
    if runner := _session_runner(texts):
        return _by_session_runner(runner, everything, folder)
    has_tests = any(True for like in ("test_*.py", "*_test.py") for _ in tree.files_like(like, folder))
    if "pytest" not in everything and not has_tests:
        return None
    return _by_pytest(tree, folder, everything, [path.rpartition("/")[2] for path in requirements])


def _session_runner(texts: dict[str, str]) -> str | None:
    if texts["tox.ini"].strip() or "[tool.tox" in texts["pyproject.toml"] or "[tox:" in texts["setup.cfg"]:
        return "tox"
    return "nox" if texts["noxfile.py"].strip() else None


def _by_session_runner(runner: str, everything: str, folder: str) -> Suite:
    return Suite(
        name=runner,
        command=runner,
        image=_IMAGE,
        toolchain=_TOOLCHAIN,
        folder=folder,
        install=(f"python -m pip install --quiet {runner}",),
        tests=_tuple(_junit(everything)),
        coverage=_tuple(_coverage(everything)),
    )


def _by_pytest(tree: Tree, folder: str, everything: str, requirements: list[str]) -> Suite:
    manager = next((each for lock, each in _MANAGERS.items() if tree.has(within(folder, lock))), None)
    pip = "python -m pip install --quiet"
    install = (f"{pip} {manager[0]}", manager[1]) if manager else _pip(pip, everything, requirements)
    junit, coverage = _junit(everything), _coverage(everything)
    flags = [] if junit else ["--junitxml=junit.xml"]
    has_cov = "pytest-cov" in everything or "pytest_cov" in everything
    if has_cov and not coverage:
        flags += ["--cov-report=xml"] if "--cov" in everything else ["--cov", "--cov-report=term", "--cov-report=xml"]
    return Suite(
        name="pytest",
        command=" ".join([manager[2] if manager else "python -m", "pytest", *flags]),
        image=_IMAGE,
        toolchain=_TOOLCHAIN,
        folder=folder,
        install=install,
        tests=(junit or "junit.xml",),
        coverage=_tuple(coverage or ("coverage.xml" if has_cov else None)),
    )


def _pip(pip: str, everything: str, requirements: list[str]) -> tuple[str, ...]:
    """How pip brings in the project and what its tests need."""
    parts = [f"-r {name}" for name in sorted(requirements) if re.fullmatch(r"[\w.-]+", name, re.ASCII)]
    if re.search(r"(?m)^\[(project|build-system|tool\.poetry)\]|setup\(|^\[metadata\]", everything):
        extra = _extra(everything, r"\[project\.optional-dependencies\]") or _extra(everything, r"extras_require")
        parts.append(f'-e ".[{extra}]"' if extra else "-e .")
    group = _extra(everything, r"\[dependency-groups\]")
    parts += [f"--group {group}"] if group else []
    parts += ["pytest"] if not re.search(r"\bpytest\b(?!\.ini)", _dependencies(everything)) else []
    return (f"{pip} {' '.join(parts)}",)


def _extra(text: str, header: str) -> str | None:
    """The first name of `_EXTRAS` in the table that begins with this header."""
    table = re.search(rf"(?ms){header}(.*?)(?=^\[|\Z)", text)
    return next((name for name in _EXTRAS if table and re.search(rf"(?m)^[ \t]*[\"']?{name}\b", table[1])), None)


def _dependencies(text: str) -> str:
    """What is not a table of pytest's own settings."""
    return re.sub(r"(?ms)^\[(tool[.:])?pytest.*?(?=^\[|\Z)", "", text)


def _junit(text: str) -> str | None:
    return found_path(r"--junit-?xml[= ]([\w./-]+)", text)


def _coverage(text: str) -> str | None:
    if "--cov-report" not in text or not re.search(r"--cov-report[= ]xml", text):
        return None
    return found_path(r"--cov-report[= ]xml:([\w./-]+)", text) or "coverage.xml"


def _tuple(path: str | None) -> tuple[str, ...]:
    return (path,) if path else ()
