"""The open loop in a process of its own, so that neither judging nor drawing disturbs what it measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from ci_reporter.errors import CIReporterError
from ci_reporter.gate.probing.openloop import plan_of
from ci_reporter.gate.probing.target import Target
from ci_reporter.gate.recording import Sample, sample
from ci_reporter.system.modules import module_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_START_S = 20.0
_GRACE_S = 2.0


class Prober:
    """Probes those targets from `start` to `stop`; what has come is had by `poll`. A context manager."""

    def __init__(self, targets: Sequence[Target], proxies: Mapping[str, str] | None = None) -> None:
        self._longest_s = max(each.timeout_s for each in targets)
        self._plan = plan_of(targets, proxies or {})
        self._found: list[tuple[str, Sample]] = []
        self._problems: dict[str, None] = {}
        self._settled_s = 0.0
        self._begun: float | None = None
        self._ready = threading.Event()
        self._stopped = False
        self._finish_by = 0.0
        self._process = subprocess.Popen(
            module_command("ci_reporter.gate.probing.openloop"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # ^C is for us: we tell it
            text=True,
            encoding="utf-8",
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Prober:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(wait=False)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # it was gone before it had read all of it
                    pass

    def start(self) -> None:
        """Begin. Raises CIReporterError where the process cannot."""
        self._thread.start()
        self._tell(self._plan)
        if not self._ready.wait(_START_S) or self._begun is None:
            raise CIReporterError(f"the prober did not start ({self._ending()})")

    def poll(self) -> list[tuple[str, Sample]]:
        """Signal and probe of what has come since the last call. Raises CIReporterError when the process is gone."""
        if not self._stopped and self._process.poll() is not None:
            raise CIReporterError(f"the prober has ended by itself ({self._ending()})")
        found = self._found[:]
        del self._found[: len(found)]  # only what was copied: the listening thread may have added more since
        return found

    def elapsed_s(self) -> float:
        """Seconds since its t = 0."""
        return time.monotonic() - self._begun if self._begun is not None else 0.0

    def settled_s(self) -> float:
        """Every probe that was due before this has come."""
        return self._settled_s

    def problems(self) -> tuple[str, ...]:
        """Why a value could not be read, each reason once."""
        return tuple(self._problems)

    def finish(self) -> None:
        """Begin no more probes; those under way end by themselves, and until then `is_finished` is False."""
        if not self._stopped:
            self._stopped = True
            self._finish_by = time.monotonic() + self._longest_s + _GRACE_S
            self._tell("stop")

    def is_finished(self) -> bool:
        """Whether no probe is under way any more, or one takes longer than it may."""
        return self._stopped and (not self._thread.is_alive() or time.monotonic() >= self._finish_by)

    def stop(self, wait: bool = True) -> None:
        """Begin no more probes; with `wait`, those under way end first, else they are let go."""
        if wait:
            self.finish()
            self._thread.join(max(0.0, self._finish_by - time.monotonic()))
        self._stopped = True
        self._process.kill()
        self._process.wait()
        if self._thread.is_alive():
            self._thread.join(_GRACE_S)

    def _tell(self, word: str) -> None:
        assert self._process.stdin  # noqa: S101
        try:
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()
        except OSError:  # it is gone, which `poll` says
            pass

    def _listen(self) -> None:
        assert self._process.stdout  # noqa: S101
        try:
            for text in self._process.stdout:
                self._hear(json.loads(text))
        except json.JSONDecodeError:  # it was killed in the midst of a line
            pass
        self._ready.set()

    def _hear(self, found: dict[str, object]) -> None:
        if "signal" in found:
            self._found.append(sample(found))
        elif "problem" in found:
            self._problems[str(found["problem"])] = None
        elif "settled" in found:
            self._settled_s = float(str(found["settled"]))
        elif "begun" in found:
            self._begun = float(str(found["begun"]))
            self._ready.set()

    def _ending(self) -> str:
        try:
            return f"exit code {self._process.wait(_GRACE_S)}"  # its stdout ends a moment before it does
        except subprocess.TimeoutExpired:
            return "it does not answer"


def _environment() -> dict[str, str]:
    """Ours, with all places modules come from: what runs us may not be installed where its Python looks."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
