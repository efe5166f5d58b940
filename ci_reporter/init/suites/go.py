"""Go: `go test` with a cover profile."""

from __future__ import annotations

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a module."""
    if not tree.has(within(folder, "go.mod")):
        return None
    return Suite(
        name="go test",
        command="go test -coverprofile=coverage.out ./...",
        image="golang:1.24",
        toolchain="go",
        folder=folder,
        coverage=("coverage.out",),
    )
