"""Where a repository deploys: a line of its CI files, else a script or a Makefile's target."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ci_reporter.frozen import Frozen
from ci_reporter.init.commands import deploy
from ci_reporter.init.tree import Tree

_SCRIPTS = ("deploy.sh", "deploy.py", "bin/deploy", "scripts/deploy", "scripts/deploy.sh", "script/deploy")


class Deploy(Frozen):
    """A deploy: the file and line that say so, the command if it is a script, where the service answers if known."""

    path: str
    line: int | None = None
    command: str = "./deploy.sh"
    url: str | None = None

    @property
    def where(self) -> str:
        """Its place, as a message names it."""
        return f"{self.path} line {self.line}" if self.line else self.path


def first_deploy(tree: Tree, ci_files: tuple[str, ...]) -> Deploy | None:
    """The first deploy of the CI files, else a script that is named for one."""
    return next(_in_ci(tree, ci_files), None) or next(_scripts(tree), None)


def _in_ci(tree: Tree, ci_files: tuple[str, ...]) -> Iterator[Deploy]:
    for path in ci_files:
        text = tree.text(path)
        for number, line in enumerate(text.splitlines(), 1):
            if deploy(line[:500]):
                yield Deploy(path=path, line=number, url=_url(text))


def _scripts(tree: Tree) -> Iterator[Deploy]:
    for path in _SCRIPTS:
        if tree.has(path):
            yield Deploy(path=path, command=f"./{path}")
    for number, line in enumerate(tree.text("Makefile").splitlines(), 1):
        if re.match(r"deploy\s*:(?!=)", line):
            yield Deploy(path="Makefile", line=number, command="make deploy")


def _url(text: str) -> str | None:
    """The address of an `environment:`, where it is written out."""
    match = re.search(
        r"(?m)^[ \t]*url:[ \t]*[\"']?(https?://[\w.-]+(?::\d+)?(?:/[\w./-]*)?)[\"']?[ \t]*$", text, re.ASCII
    )
    return match[1] if match and len(match[1]) < 200 else None
