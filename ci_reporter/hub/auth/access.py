"""What somebody may: scopes, and the repositories that they see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from ci_reporter.hub.problem import Problem

REFUSAL = "sign in: the token, or the user and password, are missing, wrong or no longer valid"
ACCESS = "ci_reporter.access"  # the key of an ASGI scope that has the asker's Access: the guard puts it there
ASK_AGAIN = "ci_reporter.ask_again"  # of what gives the Access as it is now, or raises Problem: for long streams


class Scope(StrEnum):
    """What can be allowed: to read, to send reports, to silence alerts, all there is."""

    READ = "read"
    INGEST = "ingest"
    SILENCE = "silence"
    ADMIN = "admin"


class Role(StrEnum):
    """What a user is."""

    VIEWER = "viewer"
    ADMIN = "admin"


ROLES: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.ADMIN: frozenset({Scope.ADMIN}),
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who asks and what they may. `patterns` are of repositories, such as `acme/*`; None is all of them.

    Where the patterns are a stranger's words, a repository has to match one of `within`, too.

    `repositories` are those that the patterns match now, for who asks the database: None where there are no patterns.
    `ambient`: a browser, or a proxy before us, may send the credentials by itself, so that another site's page may have
    made it ask. `csrf` is what a form of ours has to bring back then. `session`: one can sign out.
    """

    name: str = "anonymous"
    scopes: frozenset[Scope] = frozenset({Scope.READ})
    patterns: tuple[str, ...] | None = None
    within: tuple[str, ...] | None = None
    repositories: tuple[str, ...] | None = None
    ambient: bool = False
    csrf: str = field(default="", repr=False)
    session: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether that is allowed; an administrator may do all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Raises Problem, 403, where that is not allowed."""
        if not self.may(scope):
            has = ", ".join(sorted(self.scopes)) or "none"
            raise Problem(403, f"{self.name} may not do this: it needs the scope {scope} (it has: {has})")

    def sees(self, repository: str) -> bool:
        """Whether the patterns match it. Letters of either case are different, as in a secret's `acme/*:`."""
        limits = [each for each in (self.patterns, self.within) if each is not None]
        return all(any(fnmatchcase(repository, each) for each in patterns) for patterns in limits)

    def visible(self, repositories: Iterable[str]) -> tuple[str, ...] | None:
        """Those of these that the patterns match; None where there are no patterns."""
        return None if self.patterns is None else tuple(each for each in repositories if self.sees(each))


def everything(name: str = "anonymous", *, ambient: bool = True) -> Access:
    """All rights: of everybody who reaches a hub that needs no sign-in."""
    return Access(name=name, scopes=frozenset({Scope.ADMIN}), ambient=ambient)
