"""An alert made small enough to be sent as data: what has no room is left out, and counted."""

from __future__ import annotations

import json

from ci_reporter.frozen import Frozen
from ci_reporter.notify.alert import Alert, to_json
from ci_reporter.notify.fitting import clip_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_ADDRESS = 2000
_WHOLE = ("alert_id", "dedup_key", "ci_run_id", "pipeline_id", "job_id", "revision", "at")  # others compare them


class _Room(Frozen):
    """The most bytes of the text and of any other string, and the most items of a list."""

    text: int = 8000
    string: int = 500
    items: int = 50

    def half(self) -> _Room:
        return _Room(text=self.text // 2, string=self.string // 2, items=self.items // 2)


def compact(alert: Alert, most: int) -> dict[str, Any]:
    """The alert as a JSON object of at most so many bytes; `left_out` counts the items of lists that have no room."""
    whole, room = to_json(alert), _Room()
    small: dict[str, Any] = _cut(whole, room)
    while _size_bytes(small) > most and room.string > 1:
        room = room.half()
        small = _cut(whole, room)
    left_out = {name: len(value) - len(small[name]) for name, value in whole.items() if isinstance(value, tuple | list)}
    left_out = {name: count for name, count in left_out.items() if count}
    return small | ({"left_out": left_out} if left_out else {})


def _cut(value: Any, room: _Room, name: str = "") -> Any:
    """Nothing longer than there is room for; an address that is too long is dropped, as half of one leads nowhere."""
    match value:
        case str() if name in _WHOLE or name.endswith("url"):
            return value
        case str():
            return clip_bytes(value, room.text if name == "text" else room.string)
        case list() if name == "charts":  # half of a curve says something else
            return value if room == _Room() else []
        case tuple() | list():
            return [_cut(each, room) for each in value[: room.items] if not _has_long_address(each)]
        case dict():
            some = list(value.items())[: room.items] if name == "digest" else value.items()
            return {key: _cut(each, room, key) for key, each in some if not _has_long_address({key: each})}
    return value


def _has_long_address(value: Any) -> bool:
    return isinstance(value, dict) and any(
        key.endswith("url") and len(each) > _LONGEST_ADDRESS for key, each in value.items()
    )


def _size_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
