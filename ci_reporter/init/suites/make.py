"""Make: the `test` or `check` target of a Makefile, where nothing else says how tests are run."""

from __future__ import annotations

import re

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a Makefile that has such a target."""
    text = "\n".join(tree.text(within(folder, name)) for name in ("Makefile", "makefile", "GNUmakefile"))
    target = next((name for name in ("test", "check") if re.search(rf"(?m)^{name}\s*:(?!=)", text)), None)
    if target is None:
        return None
    return Suite(name=f"make {target}", command=f"make {target}", image="debian:stable", folder=folder)
