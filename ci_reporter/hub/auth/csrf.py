"""What a form has to bring back, so that it is known to come from a page of ours.

It is made of the session and the hub's own key, so nothing is kept of it, and all replicas know it. A page puts
`scope[ACCESS].csrf` into a hidden field `csrf`, and whoever takes the form calls `check`. Beside it the guard refuses
all that a browser says to come from another site.
"""

from __future__ import annotations

import hmac

from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.problem import Problem

FIELD = "csrf"


def token(key: bytes, subject: str) -> str:
    """What the forms of a session have; two sessions never have the same."""
    return hmac.digest(key, f"csrf {subject}".encode("utf-8", "surrogateescape"), "sha256").hex()


def check(access: Access, given: str | None) -> None:
    """Raises Problem, 403, where a form did not bring it back. Who has an API token is a program, without forms."""
    if access.ambient and not is_right(access.csrf, given):
        raise Problem(403, "the form is no longer valid: load the page again")


def is_right(expected: str, given: str | None) -> bool:
    """Whether it is what was expected; constant time."""
    return bool(expected) and hmac.compare_digest(expected.encode(), (given or "").encode("utf-8", "surrogateescape"))
