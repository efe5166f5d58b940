"""Which sinks there are, and the settings that each declares; a declaration is imported when asked for."""

from __future__ import annotations

from collections.abc import Iterable

from ci_reporter import registry
from ci_reporter.config import Config, PrometheusSettings
from ci_reporter.config.setting import Setting, Settings
from ci_reporter.errors import UsageError

KIND = "sinks"


def names() -> tuple[str, ...]:
    """The names of our own sinks."""
    return tuple(registry.SINKS)


def all_names() -> tuple[str, ...]:
    """The names of all sinks, those of other packages included: to read entry points takes longer than our start."""
    return (*names(), *(name for name in registry.entry_point_names(KIND) if name not in registry.SINKS))


def declaration(name: str) -> type[Settings]:
    """The settings of a sink. Raises UsageError where a plug-in gives something else."""
    found = registry.load(KIND, name, registry.SINKS)
    if not (isinstance(found, type) and issubclass(found, Settings) and found.group == name):
        raise UsageError(
            f"the plug-in {name!r} of ci_reporter.{KIND} is not a sink"
            f" (it must be a subclass of ci_reporter.config.setting.Settings with group={name!r})"
        )
    return found


def settings(of_sinks: Iterable[type[Settings]]) -> list[Setting]:
    """Our own settings and those of these sinks."""
    kinds: tuple[type[Settings], ...] = (Config, PrometheusSettings, *of_sinks)
    return [each for kind in kinds for each in kind.declared]


def all_settings() -> list[Setting]:
    """Every setting that there is: our own, and those of all sinks."""
    return settings(declaration(name) for name in all_names())
