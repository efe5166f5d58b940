"""What an alert rule can set in motion beside channels: `actions:` of `.ci-reporter.yml`.

    actions:
      ticket: { run: ./open-ticket.sh, timeout: 30s }
      page: { to: [pagerduty, slack] }

An action with `to` stands for these channels. One with `run` is used like a channel: its command takes the alert as
JSON on stdin, and has taken it when it ends with 0. Values of ours reach it in this way alone, never pasted into its
text.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Mapping

from ci_reporter.config import plugins, values
from ci_reporter.config.yaml import Node, kind, mapping, names, read, text
from ci_reporter.errors import DeliveryError, Rejected, UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.notify.alert import Alert, to_json
from ci_reporter.notify.notifier import Rate
from ci_reporter.system.files import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.system.deadline import Deadline

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_USUAL_S = 30.0
_POLL_S = 0.02


class Action(Frozen):
    """A command, or channels."""

    name: str
    run: str | None = None
    to: tuple[str, ...] = ()
    timeout_s: float = _USUAL_S


def actions(node: Node | None) -> dict[str, Action]:
    """What is written under `actions:`, by name. Raises UsageError."""
    return {name: _action(name, each) for name, each in (mapping(node) if node else {}).items()}


def _action(name: str, node: Node) -> Action:
    if not _NAME.fullmatch(name) or name in (*plugins.names("notifiers"), "notify"):
        why = "is a channel's" if _NAME.fullmatch(name) else "has other characters than a-z, 0-9 and _"
        raise UsageError(f"{node.place}: an action cannot be called {name[:60]!r}: the name {why} (name it otherwise)")
    keys = mapping(node, ("run", "to", "timeout"))
    if ("run" in keys) == ("to" in keys):
        raise UsageError(
            f"{node.where}: an action has run: or to: (write run: ./open-ticket.sh, or to: [slack, email])"
        )
    to = names(keys.get("to"))
    try:
        plugins.check_names("notifiers", to)
    except UsageError as exc:
        raise UsageError(f"{keys['to'].where}: {exc}") from None
    return Action(
        name=name,
        run=read(keys, "run", text, None),
        to=to,
        timeout_s=read(keys, "timeout", kind(values.duration_with_unit_s), _USUAL_S),
    )


class CommandNotifier(Frozen):
    """Runs a command with the alert as JSON on stdin, in the working folder, within the budget of all that is sent."""

    action: Action
    env: Mapping[str, str]
    rate: Rate = Rate(count=20, per_s=60.0)

    @property
    def name(self) -> str:
        """The action's."""
        return self.action.name

    def send(self, alert: Alert, deadline: Deadline) -> None:
        """Run it. Raises Rejected where it does not end with 0; what it has done is unknown, so it is not repeated."""
        until_s = time.monotonic() + min(self.action.timeout_s, deadline.left_s())
        try:
            pid = self._start(alert)
        except (OSError, ValueError) as exc:
            raise DeliveryError(f"{self.name}: cannot run /bin/sh: {exc}") from exc
        while not (status := _status(pid)):
            if time.monotonic() >= until_s:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise Rejected(f"{self.name} was ended: it took longer than its timeout, or than the budget")
            time.sleep(_POLL_S)
        if code := os.waitstatus_to_exitcode(status[0]):
            raise Rejected(f"{self.name} ended with exit code {128 - code if code < 0 else code}")

    def preview(self, alert: Alert) -> str:
        """Show the command, and what it reads."""
        return f"sh -c {self.action.run!r}\n\n{json.dumps(to_json(alert), ensure_ascii=False, indent=2)}"

    def _start(self, alert: Alert) -> int:
        """Start it with all signals as a program expects them: our threads have them blocked."""
        content = json.dumps(to_json(alert), ensure_ascii=False).encode("utf-8", "replace")
        ours = os.memfd_create("alert") if hasattr(os, "memfd_create") else _file()
        try:
            write_whole(ours, content)
            os.lseek(ours, 0, os.SEEK_SET)
            return os.posix_spawn(
                "/bin/sh",
                ["sh", "-c", self.action.run or ""],
                self.env,
                file_actions=[(os.POSIX_SPAWN_DUP2, ours, 0), (os.POSIX_SPAWN_DUP2, 2, 1)],
                setsigmask=[],
                setpgroup=0,
            )
        finally:
            os.close(ours)


def _file() -> int:
    """A file without a name, where there is no memfd_create(2)."""
    import tempfile

    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd


def _status(pid: int) -> tuple[int] | None:
    """The wait status of a child that has ended."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError as exc:  # somebody else has waited for it
        raise Rejected(f"the action's process {pid} is gone, and how it ended is unknown") from exc
    return (status,) if found else None
