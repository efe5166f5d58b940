"""The options of `run`, made from the settings: read here without click, whose import alone outweighs all else.

What is not plainly an option and its value is left to click, which has the help and the error messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ci_reporter.config import Config, plugins, values
from ci_reporter.config.setting import Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run_settings() -> dict[str, Setting]:
    """All settings that are options of `run`, by flag, those of every sink included."""
    found = _by_flag(plugins.all_settings())
    return found | {"-q": found["--quiet"]}


def spread(arguments: Sequence[str], known: Mapping[str, Setting]) -> list[str]:
    """Give each word behind `--coverage` or `--tests` its own flag: before `--`, an unquoted glob is several words."""
    if "--" not in arguments:
        return list(arguments)
    end = arguments.index("--")
    lists = {flag for flag, setting in known.items() if setting.many and not setting.pairs}
    out: list[str] = []
    for word in arguments[:end]:
        follows = len(out) > 1 and out[-2] in lists and not word.startswith("-")
        out += [out[-2], word] if follows else [word]
    return [*out, *arguments[end:]]


def _quick_settings() -> dict[str, Setting]:
    """The options of `run` without importing a sink: the main setting of each of ours is an option with one value."""
    mains = (Setting(group=name, main=True, option=True, help="", parse=values.text) for name in plugins.names("sinks"))
    found = _by_flag((*Config.declared, *mains))
    return found | {"-q": found["--quiet"]}


def _by_flag(settings: Iterable[Setting]) -> dict[str, Setting]:
    return {setting.flag: setting for setting in settings if setting.option}


def parse(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]] | None:
    """Options by field name and the command; None where click should look: help, mistakes, no command."""
    known = _quick_settings()
    rest = spread(arguments, known)
    options: dict[str, Any] = {}
    while rest and rest[0].startswith("-"):
        flag, equals, value = rest.pop(0).partition("=")
        if flag == "--" and not equals:
            break
        setting = known.get(flag)
        if setting is None or (setting.is_flag and equals) or not (setting.is_flag or equals or rest):
            return None
        if setting.is_flag:
            options[setting.option_field] = True
        elif setting.many:
            options.setdefault(setting.option_field, []).append(value if equals else rest.pop(0))
        else:
            options[setting.option_field] = value if equals else rest.pop(0)
    return (options, rest) if rest else None
