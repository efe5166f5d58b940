"""JavaScript and TypeScript: the `test` script of package.json, by npm, pnpm, Yarn or Bun; Jest and Vitest by name.

Sources: the command lines of Jest 29 and Vitest 3; `node --test` of Node.js 20.
"""

from __future__ import annotations

import json
import re

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MANAGERS = {  # lock file → install, test, what stands before flags that are for the test runner
    "pnpm-lock.yaml": (("corepack enable", "pnpm install --frozen-lockfile"), "pnpm test", ""),
    "yarn.lock": (("corepack enable", "yarn install --immutable"), "yarn test", ""),
    "bun.lock": (("npm install --global bun", "bun install --frozen-lockfile"), "bun run test", ""),
    "package-lock.json": (("npm ci",), "npm test", "--"),
}
_NPM = (("npm install",), "npm test", "--")
_JUNIT, _LCOV = "junit.xml", "coverage/lcov.info"


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a package that has a `test` script."""
    package = _package(tree.text(within(folder, "package.json")))
    script = _text(_mapping(package.get("scripts")).get("test"))
    if not script or "no test specified" in script:
        return None
    install, command, dashes = next((each for lock, each in _MANAGERS.items() if tree.has(within(folder, lock))), _NPM)
    flags, tests, coverage = _reports(script, _dependencies(package))
    return Suite(
        name=_name(script),
        command=" ".join(part for part in (command, dashes if flags else "", *flags) if part),
        image="node:22",
        toolchain="node",
        folder=folder,
        install=install,
        tests=tests,
        coverage=coverage,
    )


def _name(script: str) -> str:
    return next((name for name in ("vitest", "jest", "mocha", "playwright") if name in script), "npm test")


def _reports(script: str, known: set[str]) -> tuple[list[str], tuple[str, ...], tuple[str, ...]]:
    """Flags for a runner that is the whole script, and the reports they make; a chain of commands gets none."""
    words = script.split()
    if re.search(r"[;&|<>$`]", script):
        return [], (), ()
    if words[:1] == ["jest"]:
        junit = ["--reporters=default", "--reporters=jest-junit"] if "jest-junit" in known else []
        return ["--coverage", *junit], (_JUNIT,) if junit else (), (_LCOV,)
    if words[:1] == ["vitest"]:
        flags = ["--reporter=default", "--reporter=junit", f"--outputFile={_JUNIT}"]
        covers = any(name.startswith("@vitest/coverage-") for name in known)
        more = ["--coverage", "--coverage.reporter=text", "--coverage.reporter=lcov"] if covers else []
        return [*flags, *more], (_JUNIT,), (_LCOV,) if covers else ()
    if words == ["node", "--test"]:
        spec = ["--test-reporter=spec", "--test-reporter-destination=stdout"]
        return [*spec, "--test-reporter=junit", f"--test-reporter-destination={_JUNIT}"], (_JUNIT,), ()
    return [], (), ()


def _package(text: str) -> dict[str, Any]:
    try:
        return _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _dependencies(package: dict[str, Any]) -> set[str]:
    return set(_mapping(package.get("devDependencies"))) | set(_mapping(package.get("dependencies")))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
