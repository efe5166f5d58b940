"""The test suites of a repository: one file a language; what its tools' configuration says becomes a `Suite`.

A language is a module with `suite(tree, folder)`: the suite whose configuration stands in that folder, or None. To add
one: a file, a line in `LANGUAGES`, a test.
"""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter import registry
from ci_reporter.frozen import Frozen
from ci_reporter.init.tree import Tree
from ci_reporter.init.words import is_path

LANGUAGES: Mapping[str, str] = {
    "python": "ci_reporter.init.suites.python",
    "javascript": "ci_reporter.init.suites.javascript",
    "go": "ci_reporter.init.suites.go",
    "rust": "ci_reporter.init.suites.rust",
    "maven": "ci_reporter.init.suites.maven",
    "gradle": "ci_reporter.init.suites.gradle",
    "dotnet": "ci_reporter.init.suites.dotnet",
    "ruby": "ci_reporter.init.suites.ruby",
    "php": "ci_reporter.init.suites.php",
}
_MAKE = "ci_reporter.init.suites.make"  # where no language has anything
_MARKERS = """
    pyproject.toml setup.py setup.cfg tox.ini noxfile.py pytest.ini requirements.txt package.json go.mod Cargo.toml
    pom.xml build.gradle build.gradle.kts *.sln *.slnx Gemfile phpunit.xml phpunit.xml.dist
"""
_MOST = 6
_MOST_FOLDERS = 50  # that are looked at
_DEEPEST = 2  # folders below the root: services/cart/package.json


class Suite(Frozen):
    """How to run tests: `command` in `folder`, after `install`, and the report files that it leaves behind there.

    `toolchain` is the word for what has to be on the machine, `image` a container image that has it.
    """

    name: str
    command: str
    image: str
    toolchain: str = ""
    folder: str = ""
    install: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()


def suites(tree: Tree) -> tuple[Suite, ...]:
    """The suites at the root; where it has none, those of the folders below, the nearest first."""
    at_root = _in_folder(tree, "")
    if at_root:
        return at_root
    found = [suite for folder in _folders(tree) for suite in _in_folder(tree, folder)]
    # Members of a workspace lie below what has been found already: the outer one runs them.
    outer = [each for each in found if not any(each.folder.startswith(f"{other.folder}/") for other in found)]
    if outer:
        return tuple(outer[:_MOST])
    fallback = registry.load("suites", "make", {"make": _MAKE}).suite(tree, "")
    return (fallback,) if fallback else ()


def _in_folder(tree: Tree, folder: str) -> tuple[Suite, ...]:
    found = (registry.load("suites", name, LANGUAGES).suite(tree, folder) for name in LANGUAGES)
    return tuple(each for each in found if each)


def _folders(tree: Tree) -> list[str]:
    """The nearest folders with a build file whose names can stand in a command as they are."""
    found = {path.rpartition("/")[0] for marker in _MARKERS.split() for path in tree.files_like(marker)}
    near = {folder for folder in found if folder and folder.count("/") < _DEEPEST and is_path(folder)}
    return sorted(near, key=lambda folder: (folder.count("/"), folder))[:_MOST_FOLDERS]


def within(folder: str, name: str) -> str:
    """A file of a folder, by its path from the root."""
    return f"{folder}/{name}" if folder else name
