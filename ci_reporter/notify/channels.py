"""Alerts by the settings of a job: which channels there are, and one call that sends."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ci_reporter.config import plugins
from ci_reporter.config.hint import hint
from ci_reporter.context import Context, load_context, masking_of
from ci_reporter.errors import UsageError
from ci_reporter.frozen import replace
from ci_reporter.model import uuid7
from ci_reporter.notify.alert import Alert, from_json, to_json
from ci_reporter.notify.delivery import Mailroom, Sent, deliver
from ci_reporter.notify.language import Language
from ci_reporter.notify.outbox import Outbox
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.masking import Masking

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
    return send_all(context, [alert], to, Deadline(budget_s or context.config.budget_s))


def send_all(
    context: Context, alerts: Sequence[Alert], to: Sequence[str], deadline: Deadline, *, keep: bool = True
) -> list[Sent]:
    """Send alerts to the channels named, else to all that are set up; one that is not set up has refused them.

    `keep` says whether what a channel does not take waits in the outbox. Raises UsageError for a name that no channel
    has.
    """
    ours = mailroom(context, keep=keep)
    named = dict.fromkeys(to or context.config.notifiers)
    missing = {name: why for name in named if (why := not_set_up(context, name))}
    ready = [notifier(context, name) for name in named if name not in missing]
    complete = [_without_secrets(each, ours.masking) for each in alerts]
    return [
        *(Sent(channel=name, refused=(why,) * len(alerts)) for name, why in missing.items()),
        *(deliver(complete, ready, deadline, ours) if ready else ()),
    ]


def send_waiting(context: Context, deadline: Deadline) -> list[Sent]:
    """Send what waits in the outbox to the channels that are set up; alerts for others go on waiting."""
    waiting = {each.channel for each in Outbox(context.journal).pending()}
    ready = [notifier(context, name) for name in sorted(waiting) if not_set_up(context, name) is None]
    return deliver((), ready, deadline, mailroom(context)) if ready else []


def not_set_up(context: Context, name: str) -> str | None:
    """What to set for a channel that has no settings: a job of a fork has none, for its secrets are withheld.

    Raises UsageError for a name that no channel has.
    """
    if name in context.config.notifiers or name in _ALWAYS or _command(context, name):
        return None
    known = plugins.all_names("notifiers")
    if name not in known:
        raise UsageError(f"no channel named {name!r} ({hint(name, known)})")
    declared = plugins.declaration("notifiers", name).declared
    needed = [each.variable for each in declared if each.main] or [each.variable for each in declared if each.secret]
    return f"it is not set up (set {' or '.join(needed)})"


def notifier(context: Context, name: str) -> Notifier:
    """The channel of that name, which is set up or needs no settings; or an action of the configuration file."""
    if command := _command(context, name):
        return command
    settings: Any = context.config.notifiers.get(name) or plugins.declaration("notifiers", name)()
    found: Notifier = settings.notifier(context.env, language(context))
    return found


def opens_incidents(context: Context, name: str) -> bool:
    """Whether an alert opens something there that the alert which resolves it has to close."""
    return bool(getattr(notifier(context, name), "incidents", False))


def _command(context: Context, name: str) -> Notifier | None:
    """What runs an action of this name, if the configuration file has one."""
    if context.config.actions is None:
        return None
    from ci_reporter.notify.actions import CommandNotifier, actions  # PyYAML: there is a file, so it is loaded

    action = actions(context.config.actions).get(name)
    return CommandNotifier(action=action, env=context.env) if action and action.run else None


def outgoing(context: Context, alert: Alert) -> Alert:
    """The alert as it goes out: with an id and a time, without secrets, whichever of its texts they stand in."""
    return _without_secrets(alert, masking_of(context))


def _without_secrets(alert: Alert, masking: Masking) -> Alert:
    def mask(value: object) -> object:
        if isinstance(value, str):
            return masking.mask(value)
        if isinstance(value, dict):
            return {masking.mask(name): mask(each) for name, each in value.items()}
        return [mask(each) for each in value] if isinstance(value, list) else value

    hidden = mask(to_json(_complete(alert)))
    assert isinstance(hidden, dict)  # noqa: S101
    return from_json(hidden)


def _complete(alert: Alert) -> Alert:
    """The alert with an id and a time, where it has none."""
    return replace(alert, alert_id=alert.alert_id or uuid7(), at_s=time.time() if alert.at_s is None else alert.at_s)


def mailroom(context: Context, *, keep: bool = True) -> Mailroom:
    """How alerts go out of this job: kept in its state folder, without its secrets."""
    return Mailroom(
        outbox=Outbox(context.journal) if keep else None,
        language=language(context),
        masking=masking_of(context),
    )


def language(context: Context) -> Language:
    """The language of our own words."""
    return Language(context.config.notify_language)
