"""Rust: `cargo test`, or cargo-nextest where it is configured, with the JUnit file that its profile names.

Source: the nextest book, "JUnit support": `[profile.ci.junit] path = "junit.xml"` lies in `target/nextest/ci/`.
"""

from __future__ import annotations

import re

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree
from ci_reporter.init.words import is_path

_IMAGE = "rust:1"


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a crate or a workspace."""
    if not tree.has(within(folder, "Cargo.toml")):
        return None
    nextest = tree.text(within(folder, ".config/nextest.toml"))
    junit = re.search(r'\[profile\.([\w-]+)\.junit\]\s*path\s*=\s*"([\w./-]+)"', nextest)
    if junit and is_path(junit[2]):
        return Suite(
            name="cargo nextest",
            command=f"cargo nextest run --profile {junit[1]}",
            image=_IMAGE,
            folder=folder,
            install=("cargo install cargo-nextest --locked",),
            tests=(f"target/nextest/{junit[1]}/{junit[2]}",),
        )
    return Suite(name="cargo test", command="cargo test", image=_IMAGE, folder=folder)
