"""What holds for all of the package: no circles between modules, late and type-only imports included; safe patterns."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import grimp
import pytest

import ci_reporter

# import-linter checks the layers between rooms (`pyproject.toml`); this looks into the rooms.


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Module → the modules that it imports anywhere in its text."""
    graph = grimp.build_graph("ci_reporter", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Modules that reach each other: the strongly connected components that have more than one module."""
    reach = {module: _reachable(module, imports) for module in imports}
    found = {frozenset({module, *(each for each in reach[module] if module in reach[each])}) for module in imports}
    return sorted(sorted(each) for each in found if len(each) > 1)


def _reachable(module: str, imports: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        for each in imports[waiting.pop()] - seen:
            seen.add(each)
            waiting.append(each)
    return seen


def test_no_modules_import_each_other(imports):
    assert circles(imports) == []


def test_an_import_within_a_function_counts(imports):
    assert "ci_reporter.step.wrap" in imports["ci_reporter.step.command"]


def test_an_import_for_types_alone_counts(imports):
    assert "ci_reporter.logs.wrapping" in imports["ci_reporter.step.command"]


def test_a_circle_is_found_over_several_modules():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


PACKAGES = sorted(Path(ci_reporter.__file__).parent.rglob("__init__.py"))


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_a_packages_own_functions_do_not_have_the_name_of_a_module_in_it(path):
    """Importing the module would put it in the function's place."""
    defined = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert not defined & {each.stem for each in path.parent.iterdir()}


POSSESSIVE_GROUP = re.compile(r"\(\?.*\)(?:[*+?]|\{[\d,]*\})\+", re.DOTALL)


def test_no_pattern_has_a_possessive_group():
    """`(?:ab)++` may match half an `ab` before Python 3.11.5 (python/cpython#106052); a group `(?>…)` does not."""
    found = []
    for path in Path(ci_reporter.__file__).parent.rglob("*.py"):
        strings = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
        texts = (each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in strings)
        found += [f"{path.name}: {text}" for text in texts if POSSESSIVE_GROUP.search(text)]
    assert found == []
