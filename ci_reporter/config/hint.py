"""The way out of a name that nobody knows: the nearest one that somebody does."""

from __future__ import annotations

from collections.abc import Iterable


def hint(name: str, known: Iterable[str], listed: Iterable[str] = ()) -> str:
    """`perhaps you meant 'timeout'`, or where none is near the list of known names: of `listed`, if there are any."""
    names = sorted(known)
    near = nearest(name, names)
    return f"perhaps you meant '{near}'" if near else f"known: {', '.join(sorted(listed) or names)}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to this one, if any is similar."""
    import difflib  # only a mistake needs it

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)
