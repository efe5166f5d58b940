"""What is kept of a target between two looks, in the database: so a restart begins where the last process was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class State:
    """How far a target has been looked at.

    `cursor` is the CI system's time of the last change that was seen, in milliseconds; where it tells no times, the
    highest id. 0: it was never looked at. `known` has the runs that changed lately, by what was seen of them, so that
    an overlap costs nothing. `open` are those that go on, or that more is to be asked of. `etags` are by address.
    `names` is what a look-up of a wildcard found.
    """

    cursor: int = 0
    known: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    etags: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As the database keeps it."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> State:
        """As the database kept it; anything else is a target that was never looked at."""
        try:
            found: Any = json.loads(text) if text else {}
            return cls(
                cursor=int(found.get("cursor", 0)),
                known=dict(found.get("known", {})),
                open=tuple(found.get("open", ())),
                etags=dict(found.get("etags", {})),
                names=tuple(found.get("names", ())),
            )
        except (ValueError, TypeError, AttributeError):
            return cls()
