"""`.ci-reporter.yml` → what is given for each setting, every text with its line.

Settings of a group stand under its name or by their full name: `pushgateway: {username: ci}` is
`pushgateway_username: ci`. `pushgateway: URL` gives the main setting alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ci_reporter.config import values, yaml
from ci_reporter.config.given import Given
from ci_reporter.config.setting import Setting
from ci_reporter.config.yaml import Node
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT_KIB = 64  # a settings file has no more; PyYAML needs a second for it
RULES = ("alerts", "actions")  # the keys that are not settings: `notify.policies` reads them


class ConfigFile:
    """The keys of a file and what is written under them."""

    def __init__(self, keys: Mapping[str, Node]) -> None:
        self.keys = keys

    def rules(self) -> Mapping[str, Any]:
        """What is written under the keys that are not settings."""
        return {name: self.keys[name] for name in RULES if name in self.keys}

    def texts(self, setting: Setting) -> list[Given]:
        """What the file gives for a setting. Raises UsageError naming file, line, key, value and the way out."""
        if setting.field == "config" and not setting.group:
            return []
        found = list(_places(self.keys, setting))
        if not found:
            return []
        (name, node), *more = found
        if more:
            raise UsageError(f"{more[0][1].place}: '{more[0][0]}' is also on line {node.line}, as '{name}'; keep one")
        if setting.secret:
            way_out = f"set {setting.variable} or {setting.variable}_FILE"
            raise UsageError(f"{node.place}: '{name}' is a secret and not for a file in git; {way_out}")
        return list(_texts(setting, name, node))

    def unknown_keys(self, known: Iterable[Setting]) -> list[tuple[str, Node]]:
        """What stands under keys that no setting has, each with the group it stands in."""
        names = {*RULES, *(name for each in known for name in (*_names(each), each.group))}
        inner: dict[str, set[str]] = {}
        for each in known:
            inner.setdefault(each.group, set()).add(each.key)
        found = [("", node) for key, node in self.keys.items() if not key or key not in names]
        for group, keys in self._groups():
            found += [(group, node) for key, node in keys.items() if group in inner and key not in inner[group]]
        return found

    def check(self, known: Iterable[Setting]) -> None:
        """Refuse the first key that no setting has. Raises UsageError."""
        for group, node in self.unknown_keys(known):
            if group:
                raise yaml.unknown_key(node, [each.key for each in known if each.group == group], f" in '{group}'")
            public = {each.group or each.file_key for each in known if not each.secret and _names(each)}
            keys = [*RULES, *(name for each in known for name in _names(each))]
            raise yaml.unknown_key(node, keys, listed=[*RULES, *public])

    def _groups(self) -> Iterator[tuple[str, Mapping[str, Node]]]:
        for name, node in self.keys.items():
            if isinstance(node.value, dict):
                yield name, node.value


def read(path: str) -> ConfigFile:
    """Read a file. Raises UsageError where it is not YAML with keys and values."""
    return ConfigFile(yaml.mapping(yaml.load(path, _LIMIT_KIB)))


def _names(setting: Setting) -> tuple[str, ...]:
    """The keys of a setting at the top of the file."""
    if setting.name == "config":
        return ()
    return (setting.file_key, f"{setting.group}_{setting.key}") if setting.main else (setting.file_key,)


def _places(keys: Mapping[str, Node], setting: Setting) -> Iterator[tuple[str, Node]]:
    """Where a setting is written, by name."""
    for name in _names(setting):
        if name in keys and not (setting.main and name == setting.group and isinstance(keys[name].value, dict)):
            yield name, keys[name]
    group = keys.get(setting.group) if setting.group else None
    if group and isinstance(group.value, dict) and setting.key in group.value:
        yield f"{setting.group}.{setting.key}", group.value[setting.key]


def _texts(setting: Setting, name: str, node: Node) -> Iterator[Given]:
    if setting.pairs:
        for key, value in yaml.mapping(node).items():
            yield _text(name, value, f"{key}=")
    elif setting.many and isinstance(node.value, list):
        yield from (_text(name, item) for item in node.value)
    elif setting.many and isinstance(node.value, str):
        yield from (Given(text=item, where=f"{node.place}: {name}") for item in values.items(node.value) or [""])
    else:
        yield _text(name, node)


def _text(name: str, node: Node, prefix: str = "") -> Given:
    where = f"{node.place}: {name}"
    if isinstance(node.value, str):
        return Given(text=f"{prefix}{node.value}", where=where)
    of_name = f" for {prefix[:-1]}" if prefix else ""
    raise UsageError(f"{where}: expected one value{of_name}, got {yaml.describe(node)}")
