"""`.ci-reporter.yml` → what is given for each setting, every text with its line.

Scalars stay the texts they are written as, so that YAML's ideas of `on`, `1:30` or `08` change nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import yaml

from ci_reporter.config import Given, Setting, settings
from ci_reporter.errors import UsageError

_LIMIT_BYTES = 1024 * 1024
_Entry = tuple[yaml.ScalarNode, yaml.Node]


def read(path: str) -> dict[str, list[Given]]:
    """What the file gives, by field name. Raises UsageError naming file, line, key, value and the way out."""
    given: dict[str, list[Given]] = {}
    for key, value in _entries(path, _compose(path), "the file"):
        where = f"{path} line {key.start_mark.line + 1}"
        setting = _setting_for(key.value, where)
        if setting.field in given:
            raise UsageError(f"{where}: '{key.value}' stands here for the second time; keep one")
        given[setting.field] = list(_items(path, where, setting, value))
    return given


def _compose(path: str) -> yaml.Node | None:
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(_LIMIT_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: is not UTF-8 text (byte {exc.start})") from exc
    if len(text) > _LIMIT_BYTES:
        raise UsageError(f"{path}: is larger than 1 MiB; that is not a configuration of ours")
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise UsageError(f"{path} line {line}: is not YAML: {exc.problem}") from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise UsageError(f"{path}: is not YAML: {str(exc).splitlines()[0]}") from exc


def _entries(path: str, node: yaml.Node | None, what: str) -> Iterator[_Entry]:
    if node is None:
        return
    where = f"{path} line {node.start_mark.line + 1}"
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{where}: {what} must hold 'key: value' lines")
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise UsageError(f"{path} line {key.start_mark.line + 1}: a key must be a word")
        yield key, value


def _setting_for(key: str, where: str) -> Setting:
    known = {setting.file_key: setting for setting in settings()}
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"perhaps you meant '{near[0]}'" if near else f"known: {', '.join(sorted(known))}"
        raise UsageError(f"{where}: unknown key '{key}' ({hint})")
    if known[key].secret:
        raise UsageError(
            f"{where}: '{key}' is a secret; set {known[key].variable} or {known[key].variable}_FILE instead"
        )
    return known[key]


def _items(path: str, where: str, setting: Setting, node: yaml.Node) -> Iterator[Given]:
    where = f"{where}: {setting.file_key}"
    if setting.pairs:
        for key, value in _entries(path, node, f"'{setting.file_key}'"):
            yield Given(text=f"{key.value}={_scalar(path, value)}", where=where)
    elif setting.many and isinstance(node, yaml.SequenceNode):
        yield from (Given(text=_scalar(path, item), where=where) for item in node.value)
    else:
        yield Given(text=_scalar(path, node), where=where)


def _scalar(path: str, node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    raise UsageError(f"{path} line {node.start_mark.line + 1}: expected one value here, not a list or a mapping")
