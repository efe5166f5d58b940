"""Alerts by the settings of a job: which channels there are, and one call that sends."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ci_reporter.config import plugins
from ci_reporter.config.hint import hint
from ci_reporter.context import Context, load_context
from ci_reporter.errors import UsageError
from ci_reporter.frozen import replace
from ci_reporter.model import uuid7
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.delivery import Mailroom, Sent, deliver
from ci_reporter.notify.language import Language
from ci_reporter.notify.outbox import Outbox
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.masking import Masking, secrets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.notify.notifier import Notifier

_ALWAYS = ("log",)  # channels that need no settings


def send(
    alert: Alert, env: Mapping[str, str], *, to: Sequence[str] = (), folder: str = ".", budget_s: float | None = None
) -> list[Sent]:
    """Send an alert to the channels named, else to all that are set up; what became of it, channel by channel.

    `env` is where the settings stand, such as `os.environ`; `folder` is where `.ci-reporter.yml` and the state folder
    are looked for. All channels share `budget_s` seconds (the setting `budget`). What a channel did not take is kept
    in the state folder, and `ci-reporter flush` sends it again. Raises UsageError for settings that are wrong and a
    channel that is not set up; a channel that fails raises nothing.
    """
    import os

    context = load_context(env, os.path.abspath(folder))
    deadline = Deadline(budget_s or context.config.budget_s)
    return deliver([complete(alert)], notifiers(context, to), deadline, mailroom(context))


def complete(alert: Alert) -> Alert:
    """The alert with an id and a time, where it has none."""
    return replace(alert, alert_id=alert.alert_id or uuid7(), at_s=time.time() if alert.at_s is None else alert.at_s)


def notifiers(context: Context, names: Sequence[str] = ()) -> tuple[Notifier, ...]:
    """The channels of these names, else all that are set up. Raises UsageError."""
    return tuple(_notifier(context, name) for name in dict.fromkeys(names or context.config.notifiers))


def mailroom(context: Context) -> Mailroom:
    """How alerts go out of this job: kept in its state folder, without its secrets."""
    return Mailroom(
        outbox=Outbox(context.journal.path),
        language=language(context),
        masking=Masking(context.config.secrets() | secrets_of(context.env)),
    )


def language(context: Context) -> Language:
    """The language of our own words."""
    return Language(context.config.notify_language)


def _notifier(context: Context, name: str) -> Notifier:
    settings: Any = context.config.notifiers.get(name)
    if settings is None:
        known = plugins.all_names("notifiers")
        if name not in known:
            raise UsageError(f"no channel named {name!r} ({hint(name, known)})")
        declared = plugins.declaration("notifiers", name)
        if name not in _ALWAYS:
            variables = sorted(each.variable for each in declared.declared if each.main or each.secret)
            raise UsageError(f"channel {name!r} is not set up (set {' or '.join(variables[:3])})")
        settings = declared()
    found: Notifier = settings.notifier(context.env, language(context))
    return found
