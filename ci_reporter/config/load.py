"""Defaults → `.ci-reporter.yml` → environment → options, into one checked `Config`."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ci_reporter.config import Config, PrometheusSettings, plugins, values
from ci_reporter.config.given import Given, from_env, from_options
from ci_reporter.config.setting import Setting, Settings
from ci_reporter.config.sources import Sources
from ci_reporter.config.variables import unknown_variables
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.config.file import ConfigFile

FILE_NAME = ".ci-reporter.yml"


def load(options: Mapping[str, Any], env: Mapping[str, str], folders: tuple[str, ...]) -> Config:
    """Every setting from its strongest source; of `name=value` settings, all sources add up.

    `options` has option values by field name (that of a sink's main setting by the sink's name), as text (a list of
    texts, or True for a flag); the configuration file is `$CI_REPORTER_CONFIG`, else the first `.ci-reporter.yml` in
    `folders`. Raises UsageError.
    """
    sources = Sources(options=options, env=env, file=_file(_path(options, env, folders)))
    found = _declarations(sources)
    known = plugins.settings(declared for of_kind in found.values() for declared in of_kind)
    if sources.file:
        sources.file.check(known)
    prometheus = _group(PrometheusSettings, sources)
    sinks, notifiers = (_active(found[kind], sources) for kind in plugins.KINDS)
    return Config(
        **given_values(Config, sources),
        prometheus=prometheus,
        sinks=sinks,
        notifiers=notifiers,
        **(sources.file.rules() if sources.file else {}),
        unrecognised=unknown_variables(env, known),
        doubts=tuple(
            doubt for each in (prometheus, *sinks.values(), *notifiers.values()) if (doubt := each.doubt(env))
        ),
    )


def _declarations(sources: Sources) -> dict[str, list[type[Settings]]]:
    """The declarations of the plug-ins that anything is written for; of all, where something is written that none has.

    Each is an import, and the command waits for it.
    """
    written = sources.names()
    found = {
        kind: [plugins.declaration(kind, name) for name in plugins.names(kind) if _is_mentioned(name, written)]
        for kind in plugins.KINDS
    }
    known = plugins.settings(declared for of_kind in found.values() for declared in of_kind)
    in_options = {each.option_field for each in known}
    if (
        unknown_variables(sources.env, known)
        or (sources.file and sources.file.unknown_keys(known))
        or any(value and name not in in_options for name, value in sources.options.items())
    ):
        return {kind: plugins.declarations(kind) for kind in plugins.KINDS}
    return found


def _is_mentioned(group: str, written: frozenset[str]) -> bool:
    """Whether anything is written that begins with the name of this group."""
    return any(name == group or name.startswith(f"{group}_") for name in written)


def _active(kinds: list[type[Settings]], sources: Sources) -> dict[str, Any]:
    """The settings of those plug-ins that are switched on, by name."""
    return {found.group: found for found in (_group(kind, sources) for kind in kinds) if found.is_set}


def _group(kind: type[Settings], sources: Sources) -> Any:
    """The settings of a group. Raises UsageError."""
    found = kind(**given_values(kind, sources))
    if problem := found.problem():
        raise UsageError(problem)
    return found


def given_values(kind: type[Settings], sources: Sources) -> dict[str, Any]:
    """The values that are given for the settings of a class, by field. Raises UsageError."""
    found: dict[str, Any] = {}
    for setting in kind.declared:
        given = sources.texts(setting)
        if given and setting.pairs:
            found[setting.field] = dict(_value(setting, item) for source in reversed(given) for item in source)
        elif given and setting.many:
            found[setting.field] = tuple(_value(setting, item) for item in given[0])
        elif given:
            found[setting.field] = _value(setting, given[0][-1])
    return found


def _value(setting: Setting, given: Given) -> Any:
    in_public = not given.where.startswith("variable")
    if setting.parse is values.url and in_public and values.has_user(given.text):
        raise UsageError(
            f"{given.where}: the address holds a user or password, and others can read it here;"
            f" give the whole address in the variable {setting.variable}"
        )
    try:
        return setting.parse(given.text)
    except ValueError as exc:
        shown = "its value" if setting.secret else values.quote(given.text)
        raise UsageError(f"{given.where}: {shown} {exc}") from exc


def _path(options: Mapping[str, Any], env: Mapping[str, str], folders: tuple[str, ...]) -> str | None:
    """The configuration file: the one that is named, which has to be there, else the first one found."""
    setting = next(each for each in Config.declared if each.field == "config")
    if given := from_options(setting, options) or from_env(setting, env):
        return str(_value(setting, given[-1]))
    return next((found for folder in folders if os.path.lexists(found := os.path.join(folder, FILE_NAME))), None)


def _file(path: str | None) -> ConfigFile | None:
    if path is None:
        return None
    from ci_reporter.config.file import read  # only a file needs PyYAML, which takes longer than all else here

    return read(path)
