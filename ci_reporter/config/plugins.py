"""Which sinks and notifiers there are, and the settings each declares; a declaration is imported when asked for."""

from __future__ import annotations

from collections.abc import Iterable

from ci_reporter import registry
from ci_reporter.config import Config, PrometheusSettings
from ci_reporter.config.hint import hint
from ci_reporter.config.setting import Setting, Settings
from ci_reporter.errors import UsageError

KINDS = ("sinks", "notifiers")
_NOUNS = {"sinks": "sink", "notifiers": "notifier"}


def names(kind: str) -> tuple[str, ...]:
    """The names of our own plug-ins of a kind: `sinks` or `notifiers`."""
    return tuple(registry.TABLES[kind])


def all_names(kind: str) -> tuple[str, ...]:
    """The names of all of a kind, those of other packages too: to read entry points takes longer than our start."""
    ours = registry.TABLES[kind]
    return (*ours, *(name for name in registry.entry_point_names(kind) if name not in ours))


def check_names(kind: str, chosen: Iterable[str], more: tuple[str, ...] = ()) -> None:
    """Refuse a name that no plug-in has, and that is not one of `more` either. Raises UsageError."""
    for name in chosen:
        if name not in (*more, *names(kind)) and name not in (known := (*more, *all_names(kind))):
            noun = {"notifiers": "channel"}.get(kind, _NOUNS[kind])
            raise UsageError(f"no {noun} named {name!r} ({hint(name, known)})")


def declaration(kind: str, name: str) -> type[Settings]:
    """The settings of a sink or a notifier. Raises UsageError where a plug-in gives something else."""
    found = registry.load(kind, name, registry.TABLES[kind])
    if not (isinstance(found, type) and issubclass(found, Settings) and found.group == name):
        raise UsageError(
            f"the plug-in {name!r} of ci_reporter.{kind} is not a {_NOUNS[kind]}"
            f" (it must be a subclass of ci_reporter.config.setting.Settings with group={name!r})"
        )
    return found


def declarations(kind: str) -> list[type[Settings]]:
    """The settings of all sinks, or of all notifiers."""
    return [declaration(kind, name) for name in all_names(kind)]


def settings(of_plugins: Iterable[type[Settings]]) -> list[Setting]:
    """Our own settings and those of these plug-ins."""
    kinds: tuple[type[Settings], ...] = (Config, PrometheusSettings, *of_plugins)
    return [each for kind in kinds for each in kind.declared]


def all_settings() -> list[Setting]:
    """Every setting that there is: our own, and those of all sinks and notifiers."""
    return settings(found for kind in KINDS for found in declarations(kind))
