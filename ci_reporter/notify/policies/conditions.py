"""`if:` of an alert rule: text to a tree of comparisons. The grammar is in docs/reference/alerts.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import isinf
from operator import eq, ge, gt, le, lt, ne

from ci_reporter.config import boolean, values
from ci_reporter.config.hint import hint
from ci_reporter.frozen import Frozen
from ci_reporter.notify.policies.facts import STUCK, Fact, Kind, fact

# A word is what stands between blanks, a quoted text, or the list behind `in`; `and` within a word is not an `and`:
# in `branch == release/and-more or result in (failure, error)` are seven words.
_WORD = re.compile(r"""(?<!\S)in\s*\([^()]*\)|(?:[^\s()"']|"[^"]*"|'[^']*')+|[()]|["']""")
_LEAF = re.compile(r"(?P<name>[A-Za-z][\w.\-]*?)\s*(?P<op>==|!=|>=|<=|>|<|=)\s*(?P<value>.*)", re.DOTALL)
_LIST = re.compile(r"(?P<name>[A-Za-z][\w.\-]*)\s+(?P<no>not\s+)?in\s*\((?P<items>[^()]*)\)")
_SIGNED = re.compile(r"(?P<sign>[+-])\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%?)")
OPERATORS = {">": gt, ">=": ge, "<": lt, "<=": le, "==": eq, "!=": ne}
_REFS = ("branch", "tag", "target_branch")
_EXAMPLE = "write result == failure, duration > 10m, coverage < -1% or tests.failed > 0"


class Comparison(Frozen):
    """A name and what it is compared with.

    `texts` are patterns, any of which may match (`==`, and `!=` for none); `number` is in the unit of the name's kind.
    A `relative` number is a change against before: a share (0.4 is +40 %), for coverage percentage points.
    """

    text: str
    name: str
    operator: str
    texts: tuple[str, ...] = ()
    number: float | None = None
    relative: bool = False


class Combination(Frozen):
    """Conditions of which all (`and`) or any (`or`) hold."""

    word: str
    parts: tuple[Comparison | Combination, ...]


TYPE_CHECKING = False
if TYPE_CHECKING:
    Condition = Comparison | Combination


def parse(text: str) -> Condition:
    """Read a condition. Raises ValueError with the rest of a sentence that begins with the text."""
    if "&&" in text or "||" in text:
        raise ValueError("holds '&&' or '||' (write and, or)")
    tokens = list(_tokens(text))
    if not tokens:
        raise ValueError(f"is empty ({_EXAMPLE})")
    return boolean.parse(tokens, _comparison, _combination)


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """The comparisons in a condition."""
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from comparisons(part)
    else:
        yield condition


def _combination(word: str, parts: tuple[Condition, ...]) -> Condition:
    return Combination(word=word, parts=parts)


def _tokens(text: str) -> Iterator[str]:
    """`and`, `or`, brackets, and between them comparisons as they are written, with single blanks."""
    words: list[str] = []
    for word in (*_WORD.findall(text), ""):
        if word in ("and", "or", "(", ")", ""):
            if words:
                yield " ".join(words)
            words = []
            if word:
                yield word
        else:
            words.append(word)


def _comparison(text: str) -> Comparison:
    if match := _LIST.fullmatch(text):
        return _of_list(text, match)
    match = _LEAF.fullmatch(text)
    if not match:
        raise ValueError(f"holds {text!r}, which is not a comparison ({_EXAMPLE})")
    name, operator, value = match["name"], match["op"], match["value"].strip()
    if operator == "=":
        raise ValueError(f"holds {text!r}, which compares by '=' (write {name} == {value})")
    known = fact(name)
    if not value:
        raise ValueError(f"holds {text!r}, which compares with nothing ({_EXAMPLE})")
    if known.kind in (Kind.TEXT, Kind.WORD):
        return _of_text(text, name, operator, (value,))
    if signed := _SIGNED.fullmatch(value):
        return _relative(text, known, match, signed)
    _check_direction(text, name, operator)
    return Comparison(text=text, name=name, operator=operator, number=_number(text, known.kind, value))


def _check_direction(text: str, name: str, operator: str) -> None:
    if name == STUCK and operator not in (">", ">="):
        raise ValueError(f"holds {text!r}; a step is stuck when it runs for too long (write {STUCK} > 30m)")


def _of_list(text: str, match: re.Match[str]) -> Comparison:
    items = tuple(values.items(match["items"]))
    if not items:
        raise ValueError(f"holds {text!r}, whose list is empty (write result in (failure, timeout))")
    if fact(match["name"]).kind not in (Kind.TEXT, Kind.WORD):
        raise ValueError(f"holds {text!r}, but {match['name']} is a number (write {match['name']} == {items[0]})")
    return _of_text(text, match["name"], "!=" if match["no"] else "==", items)


def _of_text(text: str, name: str, operator: str, items: tuple[str, ...]) -> Comparison:
    if operator not in ("==", "!="):
        raise ValueError(f"holds {text!r}, but {name} is a text (write {name} == {items[0]})")
    texts = tuple(_unquote(text, each) for each in items)
    words = fact(name).words
    for each in texts:
        if name in _REFS and (wrong := never_a_ref(each)):
            raise ValueError(f"holds {text!r}: {each!r} {wrong}")
        if words and each not in words:
            raise ValueError(f"holds {text!r}, and {name} is never {each!r} ({hint(each, words)})")
    return Comparison(text=text, name=name, operator=operator, texts=texts)


def never_a_ref(pattern: str) -> str:
    """Why a pattern matches no branch or tag, with the way out; empty where it may match one."""
    if "[" in pattern and "]" not in pattern.partition("[")[2]:
        return "has a '[' without its ']', and no branch has one in its name (write release/*, or release/[0-9]*)"
    return ""


def _unquote(text: str, value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    if '"' in value or "'" in value:
        raise ValueError(f'holds {text!r}, with a quote that does not end (write "…" around the whole text)')
    if " " in value:
        raise ValueError(f"holds {text!r}, where 'and' or 'or' is missing, or quotes around {value!r}")
    return value


def _relative(text: str, known: Fact, match: re.Match[str], signed: re.Match[str]) -> Comparison:
    """`> +40%`, `< -1%`: more, or less, than before by that much."""
    name, operator, sign = match["name"], match["op"], signed["sign"]
    if not known.relative:
        raise ValueError(f"holds {text!r}, but {name} is not compared with earlier runs (leave out the {sign!r})")
    if not signed["unit"]:
        raise ValueError(f"holds {text!r}; a sign means a change against before (write {sign}{signed['number']}%)")
    direction = ">" if sign == "+" else "<"
    if operator[0] != direction:
        raise ValueError(f"holds {text!r}, which any run is (write {name} {direction} {sign}{signed['number']}%)")
    change = float(f"{sign}{signed['number']}")
    return Comparison(
        text=text, name=name, operator=operator, number=change if known.points else change / 100, relative=True
    )


def _number(text: str, kind: Kind, value: str) -> float:
    try:
        return _READERS[kind](value)
    except ValueError as exc:
        raise ValueError(f"holds {text!r}: {value!r} {exc}") from None


def _plain(value: str) -> float:
    if not re.fullmatch(r"(?a)[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", value):
        raise ValueError("is not a number (write 0, or 48000)")
    if isinf(float(value)):
        raise ValueError("is larger than any number here (write 0, or 48000)")
    return float(value)


_READERS: Mapping[Kind, Callable[[str], float]] = {
    Kind.DURATION: values.duration_with_unit_s,
    Kind.PERCENT: values.percent,
    Kind.NUMBER: _plain,
    Kind.SIZE: lambda value: float(values.size_bytes(value)),
}
