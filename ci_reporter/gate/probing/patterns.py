"""Regular expressions of a rules file, matched in a process of their own: one that backtracks holds nothing up.

Python's `re` keeps the interpreter to itself while it matches, in whichever thread, and cannot be interrupted: in the
prober's own process, `(a+)+b` on a long answer of `a` would let no probe begin any more. Here a child matches. It sets
an alarm before each search, whose default action ends it; the pattern is not tried again.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading

from ci_reporter.health.reply import SlowPattern, search
from ci_reporter.system.modules import module_command

LIMIT_S = 1.0


class Patterns:
    """Searches texts in a child process, which starts with the first of them; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._slow: set[str] = set()

    def search(self, pattern: str, text: str) -> str | None:
        """The first group of the first match, or all of it; None without one. Raises SlowPattern."""
        with self._lock:
            if pattern not in self._slow:
                if answer := self._ask(json.dumps([pattern, text])):
                    found: str | None = json.loads(answer)[0]
                    return found
                self._slow.add(pattern)
                self.close()
            raise SlowPattern(pattern, LIMIT_S)

    def close(self) -> None:
        """End the child."""
        if self._child:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _ask(self, question: str) -> str:
        """The child's answer; empty where it has ended instead."""
        if self._child is None:
            self._child = subprocess.Popen(
                module_command(__name__), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._child.stdin  # noqa: S101
        assert self._child.stdout  # noqa: S101
        try:
            self._child.stdin.write(f"{question}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            return ""
        return self._child.stdout.readline()


def main() -> None:
    """Search what stdin asks for, a line of JSON each, until it ends."""
    alarm = getattr(signal, "setitimer", None)  # Windows has none
    for line in sys.stdin:
        pattern, text = json.loads(line)
        if alarm:
            alarm(signal.ITIMER_REAL, LIMIT_S)
        try:
            found = search(pattern, text)
        except re.error:
            found = None
        if alarm:
            alarm(signal.ITIMER_REAL, 0)
        print(json.dumps([found]), flush=True)  # noqa: T201  the answers of this process


if __name__ == "__main__":
    main()
