"""A Python program of a test's own, and the lines it logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

from tests.program import can_fork

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def trace() -> tuple[str, str]:
    """A trace id, and the traceparent it stands in."""
    return TRACE, TRACEPARENT


@pytest.fixture
def script(tmp_path, fork_server) -> Callable[..., subprocess.CompletedProcess]:
    """Run Python code in a process of its own, with no environment but what a test gives."""

    def run(code: str, **env: str) -> subprocess.CompletedProcess:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(code))
        known = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
        if not can_fork(env):
            command = [sys.executable, path]
            return subprocess.run(command, env=known | env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        code, out, err = fork_server.call((path,), tmp_path, known | env, b"", 60)
        return subprocess.CompletedProcess(path, code, out.decode(), err.decode())

    return run


@pytest.fixture
def logged(script) -> Callable[..., list[dict]]:
    """What Python code logs after `logs.configure("shop")`: its stderr, each line of it one JSON object."""

    def run(code: str, **env: str) -> list[dict]:
        start = "import logging, structlog\nfrom ci_reporter import logs\nlogs.configure('shop')\n"
        return [json.loads(line) for line in script(start + textwrap.dedent(code), **env).stderr.splitlines()]

    return run
