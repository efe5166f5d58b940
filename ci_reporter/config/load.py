"""Defaults → `.ci-reporter.yml` → environment → options, into one checked `Config`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from ci_reporter.config import Config, Given, Setting, secrets, settings, values
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE_NAME = ".ci-reporter.yml"


def load(options: Mapping[str, Any], env: Mapping[str, str], folders: tuple[str, ...]) -> Config:
    """Every setting from its strongest source; of `name=value` settings, all sources add up.

    `options` has option values by field name, as text (a list of texts, or True for a flag); the configuration file is
    `$CI_REPORTER_CONFIG`, else the first `.ci-reporter.yml` in `folders`. Raises UsageError.
    """
    known = settings()
    from_file = _from_file(_path(known[0], options, env, folders))
    found: dict[str, Any] = {}
    for setting in known:
        sources = (_from_options(setting, options), _from_env(setting, env), from_file.get(setting.field))
        given = [source for source in sources if source is not None]
        if given and setting.pairs:
            found[setting.field] = dict(_value(setting, item) for source in reversed(given) for item in source)
        elif given and setting.many:
            found[setting.field] = tuple(_value(setting, item) for item in given[0])
        elif given:
            found[setting.field] = _value(setting, given[0][-1])
    return Config(**found)


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
        shown = "its value" if setting.secret else values.shown(given.text)
        raise UsageError(f"{given.where}: {shown} {exc}") from exc


def _from_options(setting: Setting, options: Mapping[str, Any]) -> list[Given] | None:
    value = options.get(setting.field)
    if value is None or value is False or value in ([], ()):
        return None
    texts = ["true"] if value is True else [value] if isinstance(value, str) else value
    return [Given(text=text, where=f"option --{setting.key.replace('_', '-')}") for text in texts]


def _from_env(setting: Setting, env: Mapping[str, str]) -> list[Given] | None:
    if setting.secret:
        secret = secrets.find(setting.variable, env)
        return [Given(text=secret[0], where=f"variable {secret[1]}")] if secret else None
    text, where = env.get(setting.variable), f"variable {setting.variable}"
    if not text:
        return None
    if setting.many:
        return [Given(text=item.strip(), where=where) for item in re.split(r"[,\n]", text) if item.strip()]
    return [Given(text=text, where=where)]


def _path(setting: Setting, options: Mapping[str, Any], env: Mapping[str, str], folders: tuple[str, ...]) -> str | None:
    """The configuration file: the one that is named, which has to be there, else the first one found."""
    if given := _from_options(setting, options) or _from_env(setting, env):
        return str(_value(setting, given[-1]))
    return next((found for folder in folders if os.path.lexists(found := os.path.join(folder, FILE_NAME))), None)


def _from_file(path: str | None) -> Mapping[str, list[Given]]:
    if path is None:
        return {}
    from ci_reporter.config.file import read  # PyYAML is paid for only where there is a file

    return read(path)
