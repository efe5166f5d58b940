"""`run --notify-on WHEN`, as an alert rule."""

from __future__ import annotations

from ci_reporter.notify.alert import Level
from ci_reporter.notify.policies.conditions import parse
from ci_reporter.notify.policies.policy import GATE, NOTIFY, STEP, Policy

_FAILED = "result in (failure, error, timeout)"


def notify_policy(when: str, to: tuple[str, ...] = ()) -> Policy:
    """The rule of `--notify-on`: failure, change, recovery or always; `to` are the channels, all without any."""
    always = when == "always"
    return Policy(
        name=f"--notify-on {when}",
        condition=None if always else parse(_FAILED),
        on=(STEP, GATE),
        then=to or (NOTIFY,),
        level=Level.ERROR,
        repeat_s=0.0 if when in ("failure", "always") else None,
        first=when != "recovery",
        recovery=when in ("change", "recovery"),
    )
