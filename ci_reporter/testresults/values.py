"""What stands in reports as times, counts and names; None for what is none of these, so unknown stays unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.system.text import clip, spell_out, without_escapes

LONGEST_NAME = 200
LONGEST_MESSAGE = 1000
EMPTY_WORDS = frozenset({"", "failed", "failure", "error"})  # messages of which the text of the failure says more
LONGEST_S = 366 * 24 * 3600  # a test that took longer is a time stamp or a mistake
_CLOCK = re.compile(r"(?:(\d{1,6})\.)?(\d{1,6}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)", re.ASCII)
_GROUPING = re.compile(r"(?<=\d)[\s'’_](?=\d)")


def seconds(text: str | None, per_second: int = 1) -> float | None:
    """Seconds as tools write them, in their locale too: `0.012`, `1,234.5`, `1.234,5`, `0,012`.

    A lone comma is a decimal one. Negative, NaN, infinite and absurdly long times are unknown.
    """
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = _local_number(text[:40])
    value /= per_second
    return value if 0 <= value <= LONGEST_S else None


def clock(text: str | None) -> float | None:
    """Seconds of a .NET time span: `00:00:01.2345678`, with days `1.02:03:04`."""
    match = _CLOCK.fullmatch((text or "").strip()[:40])
    if not match:
        return None
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return seconds(str(((days * 24 + hours) * 60 + minutes) * 60 + rest))


def whole(text: str | None) -> int | None:
    """A count; `1,234` too."""
    digits = (text or "").strip().replace(",", "")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 13 else None


def wholes(attributes: Mapping[str, str], names: Mapping[str, str]) -> dict[str, float]:
    """The counts that are there, by the key that stands for each name."""
    found = {key: whole(attributes.get(name)) for key, name in names.items()}
    return {key: count for key, count in found.items() if count is not None}


def split_name(full: str) -> tuple[str, str]:
    """Class and test of `Shop.CartTest.Adds(1.5)`: the dots of arguments divide nothing."""
    suite = full.partition("(")[0].rpartition(".")[0]
    return suite, full[len(suite) + 1 :] if suite else full


def number(value: object) -> float | None:
    """Seconds as JSON has them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= LONGEST_S else None


def name(text: str) -> str:
    """A name on one line that any terminal and any encoding can show, clipped."""
    return clip(" ".join(plain(text[: LONGEST_NAME * 4]).split()), LONGEST_NAME)


def message(text: str) -> str:
    """What a test said, clipped; its lines stay lines."""
    return clip(plain(text[: LONGEST_MESSAGE * 4]).strip(), LONGEST_MESSAGE)


def plain(text: str) -> str:
    r"""Text without terminal escapes; other characters that cannot be shown are spelt out, as `\x00`."""
    return spell_out(without_escapes(text).replace("\r\n", "\n").replace("\t", "    "))


def _local_number(text: str) -> float:
    text = _GROUPING.sub("", text.strip())
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point and text.count(",") == 1:
        text = text.replace(".", "").replace(",", ".")
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")
