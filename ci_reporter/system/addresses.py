"""Addresses without their user information. Loaded before the user's command starts, so it imports nothing."""

from __future__ import annotations


def public_url(url: str) -> str:
    """One address without its user and password; `git@host:path` has none and stays.

    The user information ends at the last `@` before the first `/`, `?` or `#`, as URL parsers have it.
    """
    scheme, slashes, rest = url.partition("//")
    if not slashes:
        return url
    end = min((at for sign in "/?#" if (at := rest.find(sign)) >= 0), default=len(rest))
    return f"{scheme}//{rest[rest.rfind('@', 0, end) + 1 :]}"
