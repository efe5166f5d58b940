"""What somebody wrote for a setting, and where: options, variables, the configuration file."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config import secrets, values
from ci_reporter.config.setting import Setting
from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Given(Frozen):
    """One text somebody wrote for a setting, and where, as a person would look for it."""

    text: str
    where: str


def from_options(setting: Setting, options: Mapping[str, Any]) -> list[Given]:
    """What the command line gives."""
    value = options.get(setting.option_field) if setting.main or not setting.group else None
    if value is None or value is False or value in ([], ()):
        return []
    texts = ["true"] if value is True else [value] if isinstance(value, str) else value
    return [Given(text=text, where=f"option {setting.flag}") for text in texts]


def from_env(setting: Setting, env: Mapping[str, str]) -> list[Given]:
    """What the environment gives. Raises UsageError."""
    if setting.secret:
        found = [secret for name in setting.variables if (secret := secrets.find(name, env))]
        if len({text for text, _ in found}) > 1:
            raise UsageError(f"variables {' and '.join(name for _, name in found)} say different things; keep one")
        return [Given(text=text, where=f"variable {name}") for text, name in found[:1]]
    written = {name: env[name] for name in setting.variables if env.get(name)}
    if len(set(written.values())) > 1:
        raise UsageError(f"variables {' and '.join(written)} say different things; keep one of them")
    for name, text in written.items():
        texts = values.items(text) if setting.many else [text]
        return [Given(text=each, where=f"variable {name}") for each in texts]
    return []
