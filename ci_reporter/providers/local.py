"""No CI system: a person's machine. Git fills in what it knows while the command runs."""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile


def read(env: Env, read_file: ReadFile) -> Fields:  # noqa: ARG001
    """Who is there; everything else is for git to say."""
    return {"actor": env.get("USER") or env.get("USERNAME")}
