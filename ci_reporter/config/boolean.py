"""`and`, `or` and parentheses: words of a condition → one value, made of its comparisons by whoever has the grammar.

or-expression  = and-expression { "or" and-expression }
and-expression = comparison { "and" comparison }
comparison     = "(" or-expression ")" | what `leaf` reads
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")
    Join = Callable[[str, tuple[T, ...]], T]
    Part = Callable[[Sequence[str]], tuple[T, Sequence[str]]]

_DEEPEST = 50


def parse(tokens: Sequence[str], leaf: Callable[[str], T], join: Join[T]) -> T:
    """Read tokens: `and`, `or`, `(`, `)`, and comparisons, which `leaf` reads. `join("and", parts)` combines values.

    Raises ValueError with the rest of a sentence that begins with the condition.
    """
    if _depth(tokens) > _DEEPEST:
        raise ValueError(f"has more than {_DEEPEST} brackets within each other")
    found, rest = _any(tokens, leaf, join)
    if rest:
        raise ValueError(f"has {rest[0]!r} where 'and' or 'or' was expected")
    return found


def _depth(tokens: Sequence[str]) -> int:
    """How many brackets are open at the same time; each costs several frames of Python's stack."""
    return max(accumulate((each == "(") - (each == ")") for each in tokens), default=0)


def _any(tokens: Sequence[str], leaf: Callable[[str], T], join: Join[T]) -> tuple[T, Sequence[str]]:
    def one(rest: Sequence[str]) -> tuple[T, Sequence[str]]:
        return _one(rest, leaf, join)

    def every(rest: Sequence[str]) -> tuple[T, Sequence[str]]:
        return _parse_chain(rest, "and", one, join)

    return _parse_chain(tokens, "or", every, join)


def _parse_chain(tokens: Sequence[str], word: str, part: Part[T], join: Join[T]) -> tuple[T, Sequence[str]]:
    found, rest = part(tokens)
    parts = [found]
    while rest and rest[0] == word:
        found, rest = part(rest[1:])
        parts.append(found)
    return (join(word, tuple(parts)) if len(parts) > 1 else parts[0]), rest


def _one(tokens: Sequence[str], leaf: Callable[[str], T], join: Join[T]) -> tuple[T, Sequence[str]]:
    if not tokens or tokens[0] in ("and", "or", ")"):
        raise ValueError(f"lacks a condition before {tokens[0]!r}" if tokens else "ends where a condition was expected")
    if tokens[0] != "(":
        return leaf(tokens[0]), tokens[1:]
    found, rest = _any(tokens[1:], leaf, join)
    if not rest or rest[0] != ")":
        raise ValueError("has a '(' without its ')'")
    return found, rest[1:]
