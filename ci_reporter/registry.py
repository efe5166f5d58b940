"""Name → object, imported when asked for; entry points let other packages add theirs."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import EntryPoints
    from typing import Any


_NOUNS = {
    "coverage": "coverage format",
    "testresults": "test result format",
    "providers": "provider",
    "sinks": "sink",
    "notifiers": "notifier",
}


SINKS = {  # each switched on by the setting of its name
    "pushgateway": "ci_reporter.sinks.pushgateway:PushgatewaySettings",
    "loki": "ci_reporter.sinks.loki:LokiSettings",
    "hub": "ci_reporter.sinks.hub:HubSettings",
    "otlp": "ci_reporter.sinks.otlp:OtlpSettings",
}

NOTIFIERS = {  # each switched on by its settings
    "slack": "ci_reporter.notify.slack:SlackSettings",
    "dingtalk": "ci_reporter.notify.dingtalk:DingtalkSettings",
    "wecom": "ci_reporter.notify.wecom:WecomSettings",
    "feishu": "ci_reporter.notify.feishu:FeishuSettings",
    "teams": "ci_reporter.notify.teams:TeamsSettings",
    "discord": "ci_reporter.notify.discord:DiscordSettings",
    "telegram": "ci_reporter.notify.telegram:TelegramSettings",
    "mattermost": "ci_reporter.notify.mattermost:MattermostSettings",
    "email": "ci_reporter.notify.email:EmailSettings",
    "pagerduty": "ci_reporter.notify.pagerduty:PagerDutySettings",
    "opsgenie": "ci_reporter.notify.opsgenie:OpsgenieSettings",
    "alertmanager": "ci_reporter.notify.alertmanager:AlertmanagerSettings",
    "webhook": "ci_reporter.notify.webhook:OwnWebhookSettings",
    "github": "ci_reporter.notify.github:GitHubSettings",
    "gitlab": "ci_reporter.notify.gitlab:GitLabSettings",
    "log": "ci_reporter.notify.log:LogSettings",
}

TABLES = {"sinks": SINKS, "notifiers": NOTIFIERS}


_entry_points: dict[tuple[str, ...], EntryPoints] = {}


def entry_points(kind: str) -> EntryPoints:
    """What other packages add to a kind. The files of all packages are read once, until `sys.path` is another."""
    path = tuple(sys.path)
    if path not in _entry_points:
        from importlib.metadata import entry_points

        _entry_points.clear()
        _entry_points[path] = entry_points()  # type: ignore[assignment]  # selectable since 3.10
    return _entry_points[path].select(group=f"ci_reporter.{kind}")


def entry_point_names(kind: str) -> tuple[str, ...]:
    """The names that other packages add to a kind."""
    return tuple(dict.fromkeys(found.name for found in entry_points(kind)))


def load(kind: str, name: str, table: Mapping[str, str]) -> Any:
    """Import the object called `name`: "module" or "module:attribute" in `table`, else an entry point.

    The entry point's group is `ci_reporter.<kind>`.

    Entry points are looked up only for a name that is not ours: reading them costs more than the rest of a start.
    Raises UsageError when nobody has that name.
    """
    target = table.get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        found = __import__(module, fromlist=["_"])  # as import_module does, whose own import takes 1 ms
        return getattr(found, attribute) if attribute else found
    others = entry_points(kind).select(name=name)
    if not others:
        raise UsageError(f"no {_NOUNS.get(kind, kind)} named {name!r} (known: {', '.join(sorted(table))})")
    return next(iter(others)).load()


def recognise(kind: str, text: str, table: Mapping[str, str]) -> str | None:
    """The first format whose `sniff(text)` says that a file which begins with `text` is its own.

    Ours are asked in the order of `table`, then the entry points that have a `sniff`. None when nobody knows it.
    """
    for name in table:
        if load(kind, name, table).sniff(text):
            return name
    for point in entry_points(kind):
        sniff = getattr(point.load(), "sniff", None)
        if sniff is not None and sniff(text):
            return point.name
    return None
