"""Windows has neither process groups nor POSIX signals, so a timeout ends only the command itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from ci_reporter.frozen import Frozen


class WindowsExit(Frozen):
    """How the command ended."""

    exit_code: int
    timed_out: bool


def run(
    command: Sequence[str], env: Mapping[str, str], timeout_s: float | None, on_start: Callable[[], None]
) -> WindowsExit:
    """Run a command with our streams. Raises OSError when it cannot be started."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    with subprocess.Popen(command, env=dict(env)) as process:
        on_start()
        while True:
            try:
                left_s = None if until is None else max(0.0, until - time.monotonic())
                return WindowsExit(exit_code=process.wait(left_s), timed_out=False)
            except KeyboardInterrupt:
                continue  # the console told the command too; its answer is the one that counts
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()
                return WindowsExit(exit_code=124, timed_out=True)
