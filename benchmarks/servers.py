"""Servers that benchmarks start on this machine."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request

SERVER = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((SERVER, 0))
        return probe.getsockname()[1]


def await_answer(process: subprocess.Popen[bytes], url: str) -> None:
    """Wait until a server answers 200; SystemExit when it ends before, or in 30 s."""
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except OSError:  # an HTTPError, too
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{url} does not answer")
