"""Lengths of time, sizes and shares as a person reads them, in the reader's language."""

from __future__ import annotations

from ci_reporter.notify.language import Language, words

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float, language: Language = Language.EN) -> str:
    """`85 ms`, `12.3 s`, `2 min 3 s`, `2 h`, `3 d 4 h`: the two largest units."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} {words('ms', language)}"
    if seconds < 59.95:
        return f"{seconds:.3g} {words('s', language)}"
    left = round(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        amount, left = divmod(left, size)
        if amount or parts:
            parts.append(f"{amount} {words(unit, language)}" if amount else "")
    return " ".join(filter(None, parts[:2]))


def size(amount: float) -> str:
    """`1.5 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} GiB"


def change(now: float, before: float) -> str:
    """`+40 %`, `-3 %`; nothing where there was nothing before."""
    return f"{(now / before - 1) * 100:+.0f} %" if before else ""
