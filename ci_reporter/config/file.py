"""`.ci-reporter.yml` → what is given for each setting, every text with its line.

Scalars stay the texts they are written as, so that YAML's ideas of `on`, `1:30` or `08` change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ci_reporter.config import Given, Setting, settings
from ci_reporter.errors import UsageError

_LIMIT_BYTES = 64 * 1024  # a settings file has no more; PyYAML needs a second for it
_Entry = tuple[yaml.ScalarNode, yaml.Node]


def read(path: str) -> dict[str, list[Given]]:
    """What the file gives, by field name. Raises UsageError naming file, line, key, value and the way out."""
    return {
        setting.field: list(_items(path, setting, value))
        for key, value in _entries(path, "the file", _compose(path))
        for setting in [_setting_for(key.value, _at(path, key))]
    }


def _compose(path: str) -> yaml.Node | None:
    text = _text(path)
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        hint = " (indent with spaces)" if "'\\t'" in str(exc.problem) else ""
        raise UsageError(f"{path} line {line}: is not YAML: {exc.problem}{hint}") from exc
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        raise UsageError(
            f"{path} line {line}: is not YAML: a character that no text holds ({exc.character!r})"
        ) from exc
    except RecursionError as exc:
        raise UsageError(f"{path}: is nested too deeply for a configuration of ours") from exc


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(_LIMIT_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror}") from exc
    if len(content) > _LIMIT_BYTES:
        raise UsageError(f"{path}: is larger than 64 KiB; that is no configuration of ours")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise UsageError(f"{path} line {line}: is not UTF-8 text (save the file as UTF-8)") from exc


def _entries(path: str, what: str, node: yaml.Node | None) -> Iterator[_Entry]:
    """The keys and values of a mapping; nothing where nothing is written, as when all of it is commented out."""
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value and not node.style):
        return
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{_at(path, node)}: {what} must hold 'key: value' lines")
    lines: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise UsageError(f"{_at(path, key)}: a key of {what} must be a word")
        if key.value in lines:
            raise UsageError(f"{_at(path, key)}: '{key.value}' is also on line {lines[key.value]}; keep one of them")
        lines[key.value] = key.start_mark.line + 1
        yield key, value


def _setting_for(key: str, where: str) -> Setting:
    known = {setting.file_key: setting for setting in settings() if setting.field != "config"}
    if key not in known:
        raise UsageError(f"{where}: unknown key '{key[:100]}' ({_hint(key, known)})")
    if known[key].secret:
        variable = known[key].variable
        raise UsageError(f"{where}: '{key}' is a secret and not for a file in git; set {variable} or {variable}_FILE")
    return known[key]


def _hint(key: str, known: dict[str, Setting]) -> str:
    import difflib

    near = difflib.get_close_matches(key, known, n=1)
    return f"perhaps you meant '{near[0]}'" if near else f"known: {', '.join(sorted(known))}"


def _items(path: str, setting: Setting, node: yaml.Node) -> Iterator[Given]:
    if setting.pairs:
        for key, value in _entries(path, f"'{setting.file_key}'", node):
            yield _given(path, setting, value, f"{key.value}=")
    elif setting.many and isinstance(node, yaml.SequenceNode):
        yield from (_given(path, setting, item) for item in node.value)
    else:
        yield _given(path, setting, node)


def _given(path: str, setting: Setting, node: yaml.Node, name: str = "") -> Given:
    where = f"{_at(path, node)}: {setting.file_key}"
    if isinstance(node, yaml.ScalarNode):
        return Given(text=f"{name}{node.value}", where=where)
    got = "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
    raise UsageError(f"{where}: expected one value{f' for {name[:-1]}' if name else ''}, got {got}")


def _at(path: str, node: yaml.Node) -> str:
    return f"{path} line {node.start_mark.line + 1}"
