"""Match the paths in reports with each other and with a repository's files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence


def path_from(name: str, roots: Sequence[str], root: str, exists: Callable[[str], bool] = os.path.exists) -> str:
    """A report's path as seen from `root`, with forward slashes.

    Relative names are below one of the report's own roots: the one where the file is, else the only one. What is not
    below `root` stays as it is: a path of another machine, or a module's name as in Go.
    """
    name = name.replace("\\", "/")
    if not _absolute(name):
        candidates = [f"{each.rstrip('/')}/{name}" for each in roots if _absolute(each.replace("\\", "/"))]
        found = next((each for each in candidates if "\0" not in each and exists(each)), None)
        name = found or (candidates[0] if len(candidates) == 1 else name)
    return relative(name, root)


def relative(name: str, root: str) -> str:
    """`name` without `root` in front of it, dots resolved."""
    name = _normal(name)
    prefix = _normal(os.path.abspath(root)).rstrip("/") + "/"
    return name.removeprefix(prefix)


def best_match(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that names the same file: equal, or the only one with the longest common end.

    One of the two paths has to end with the whole other one, or they share at least two parts: `shop/Main.java` is
    `src/main/java/shop/Main.java`, and `example.com/shop/cart/cart.go` is `cart/cart.go`.
    """
    parts = name.split("/")[::-1]
    best: list[str] = []
    longest = 0
    for candidate in candidates:
        other = candidate.split("/")[::-1]
        same = _common(parts, other)
        if same < min(len(parts), len(other), 2) or same < longest or same == 0:
            continue
        best = [*best, candidate] if same == longest else [candidate]
        longest = same
    return best[0] if len(best) == 1 else None


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _absolute(name: str) -> bool:
    return name.startswith("/") or name[1:3] == ":/"


def _normal(name: str) -> str:
    name = name.replace("\\", "/")
    return os.path.normpath(name).replace(os.sep, "/") if name else name
