"""Texts made to fit: channels limit bytes or characters, and a message that is too long is refused whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ci_reporter.errors import Rejected
from ci_reporter.notify.alert import Alert, State
from ci_reporter.notify.language import Language, more


def size_bytes(text: str) -> int:
    """How long a text is in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def clip_bytes(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, never half a character; `…` at the end where something is missing."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return encoded.decode()
    mark = "…".encode()
    return (encoded[: max(0, most - len(mark))].decode("utf-8", "ignore").rstrip() + "…") if most >= len(mark) else ""


def fit_lines(
    lines: Sequence[str],
    most: int,
    language: Language = Language.EN,
    size: Callable[[str], int] = size_bytes,
    most_lines: int = 1000,
) -> list[str]:
    """As many of the lines as fit, joined by line breaks, into `most`; what is left out is counted: `… 7 more`.

    `size` is how long a text is for the channel: in bytes, or by `len` in characters.
    """
    kept = list(lines[:most_lines])
    while True:
        left_out = len(lines) - len(kept)
        shown = [*kept, more(left_out, language)] if left_out else kept
        if size("\n".join(shown)) <= most:
            return shown
        if not kept:
            return []
        kept.pop()


def incident_key(alert: Alert, most: int) -> str:
    """What a pager knows the alert by. Raises Rejected for one that ends something and does not say what."""
    if alert.state is State.RESOLVED and not alert.dedup_key:
        raise Rejected("nothing says which alert is over (give both the same --dedup-key)")
    return fit_key(alert.dedup_key or alert.alert_id, most)


def fit_key(key: str, most: int) -> str:
    """A key of at most so many characters: one that is longer becomes its hash, as two may differ at their ends."""
    if len(key) <= most:
        return key
    from hashlib import sha256

    return sha256(key.encode("utf-8", "replace")).hexdigest()
