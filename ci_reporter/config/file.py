"""`.ci-reporter.yml` → what is given for each setting, every text with its line."""

from __future__ import annotations

from collections.abc import Iterator

from ci_reporter.config import Given, Setting, settings, yaml
from ci_reporter.config.yaml import Node
from ci_reporter.errors import UsageError

_LIMIT_KIB = 64  # a settings file has no more; PyYAML needs a second for it


def read(path: str) -> dict[str, list[Given]]:
    """What the file gives, by field name. Raises UsageError naming file, line, key, value and the way out."""
    known = {setting.file_key: setting for setting in settings() if setting.field != "config"}
    return {
        known[key].field: list(_items(_public(known[key], node), node))
        for key, node in yaml.mapping(yaml.load(path, _LIMIT_KIB), tuple(known)).items()
    }


def _public(setting: Setting, node: Node) -> Setting:
    """The setting, if it may stand in a file. Raises UsageError."""
    if setting.secret:
        variable = setting.variable
        raise UsageError(
            f"{node.place}: '{node.key}' is a secret and not for a file in git; set {variable} or {variable}_FILE"
        )
    return setting


def _items(setting: Setting, node: Node) -> Iterator[Given]:
    if setting.pairs:
        for name, value in yaml.mapping(node).items():
            yield _given(setting, value, f"{name}=")
    elif setting.many and isinstance(node.value, list):
        yield from (_given(setting, item) for item in node.value)
    else:
        yield _given(setting, node)


def _given(setting: Setting, node: Node, name: str = "") -> Given:
    where = f"{node.place}: {setting.file_key}"
    if isinstance(node.value, str):
        return Given(text=f"{name}{node.value}", where=where)
    of_name = f" for {name[:-1]}" if name else ""
    raise UsageError(f"{where}: expected one value{of_name}, got {yaml.shown(node)}")
