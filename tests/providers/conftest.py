"""Makers: a run read from a dict of variables and a dict of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from ci_reporter.model import Run
from ci_reporter.providers import detect


def read_run(env: Mapping[str, str], files: Mapping[str, str] | None = None, /, **more: str) -> Run:
    known = dict(files or {})

    def read_file(path: str) -> str:
        if path not in known:
            raise FileNotFoundError(path)
        return known[path]

    return detect({**env, **more}, read_file)


@pytest.fixture
def read() -> Callable[..., Run]:
    """Read the run of an environment, with files if need be; keywords are further variables."""
    return read_run
