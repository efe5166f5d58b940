"""What may stand on a line: JSON's kinds of values, bounded, and no secret, whether its key or its value tells it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import ParseResult, SplitResult

from ci_reporter.system.masking import Masking, names_a_secret
from ci_reporter.system.userinfo import HIDDEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_LINE = 192 * 1024  # bytes; Loki takes 256 KiB
_MOST_BYTES = 4  # of a character in UTF-8
_LONGEST = 32 * 1024
_MOST_ITEMS = 200
_DEEPEST = 6
_names_a_secret = lru_cache(maxsize=1000)(names_a_secret)  # a program has few keys


class Cleaner:
    """Values as they may be shown; knows the secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._masking = Masking(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Hide these values too, from now on."""
        self._masking.add(secrets)

    def fields(self, found: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        """The fields of a line, or of a mapping on it."""
        clean: dict[str, Any] = {}
        for key, value in list(found.items())[:_MOST_ITEMS]:
            name = self._text(key)
            hidden = _names_a_secret(name) and value is not None and not isinstance(value, bool)
            clean[name] = HIDDEN if hidden else self.value(value, depth)
        return clean

    def value(self, found: Any, depth: int = 0) -> Any:
        """One value."""
        if type(found) is str:  # most are
            return self._text(found)
        if isinstance(found, SplitResult | ParseResult):  # the user information would be in a part of its own
            return self._text(found.geturl())
        if _is_plain(found):
            return HIDDEN if self._masking.holds(str(found)) else found
        if depth < _DEEPEST:
            if isinstance(found, Mapping):
                return self.fields(found, depth + 1)
            if isinstance(found, list | tuple | set | frozenset):
                return [self.value(each, depth + 1) for each in list(found)[:_MOST_ITEMS]]
        return self._text(found)

    def _text(self, found: Any) -> str:
        """Masked, then cut in its middle: a traceback tells most at its ends. Lone surrogates are escaped."""
        text = self._masking.mask(_as_text(found))
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def json_line(found: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """The fields as one line of JSON within Loki's limit; the longest values give way, and are named in `left_out`."""
    line = json.dumps(found, ensure_ascii=ascii_only)
    if len(line) <= LONGEST_LINE // _MOST_BYTES:
        return line
    kept, left_out = dict(found), list[str]()
    while len(line.encode("utf-8", "replace")) > LONGEST_LINE:
        left_out.append(max(kept, key=lambda key: len(json.dumps(kept[key]))))
        del kept[left_out[-1]]
        line = json.dumps(kept | {"left_out": left_out}, ensure_ascii=ascii_only)
    return line


def _is_plain(found: Any) -> bool:
    """Whether JSON has such a value: it has no `nan` and no infinity."""
    return found is None or isinstance(found, int) or (isinstance(found, float) and math.isfinite(found))


def _as_text(found: Any) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, bytes | bytearray | memoryview):
        return bytes(found[: 4 * _LONGEST]).decode("utf-8", "backslashreplace")
    try:
        return str(found)
    except Exception as exc:  # noqa: BLE001  it is the application's own, and a log call must not fail
        return f"<{type(found).__name__} that cannot be shown: {type(exc).__name__}>"
