"""JSON Web Tokens of others: of an identity provider, of GitHub's and GitLab's jobs.

Each key is used with one algorithm, so a public key is never taken for the secret of an HMAC (CVE-2015-9235), and
`none` is not in the list. `exp` and `aud` have to be there; a minute of difference between clocks is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ci_reporter.errors import UsageError
from ci_reporter.hub.auth.access import Access, Scope
from ci_reporter.hub.auth.jwks import Jwks, PublicKey, is_strong

ALGORITHMS = ("HS256", "RS256", "ES256")
LEEWAY_S = 60
_SHORTEST_SECRET = 32  # bytes: RFC 7518, 3.2, wants as many as the hash has
_MOST_PATTERNS = 1000
_NAMES = ("preferred_username", "email", "sub")  # of who asks, for messages and the log
_END = "-----END PUBLIC KEY-----"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whose tokens are taken, and what they may do at most; with a claim, what of that the token names there."""

    audience: str
    keys: tuple[PublicKey, ...] = ()
    jwks: Jwks | None = None
    issuer: str | None = None
    scopes: frozenset[Scope] = frozenset()
    scope_claim: str | None = None
    repositories: tuple[str, ...] = ()
    repositories_claim: str | None = None

    async def access(self, token: str) -> Access | None:
        """What a token allows; None for one that is not valid, whatever the reason."""
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            return None
        algorithm, kid = head.get("alg"), head.get("kid")
        if algorithm not in ALGORITHMS or not isinstance(kid, str | None):
            return None
        known = [each for each in self.keys if each.algorithm == algorithm]
        if self.jwks and algorithm != "HS256":
            known += await self.jwks.keys(kid, algorithm)
        for each in known:
            if (claims := self._claims(token, each)) is not None:
                return self._access(claims)
        return None

    def _claims(self, token: str, key: PublicKey) -> Mapping[str, Any] | None:
        required = ["exp", "aud", *(["iss"] if self.issuer else [])]
        try:
            found: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_S,
                options={"require": required},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        return found

    def _access(self, claims: Mapping[str, Any]) -> Access:
        scopes, patterns, within = self.scopes, self.repositories, None
        if self.scope_claim is not None:
            words = _words(claims.get(self.scope_claim))
            scopes = frozenset(each for each in Scope if each in words and _may(self.scopes, each))
        if self.repositories_claim is not None:
            patterns, within = _words(claims.get(self.repositories_claim))[:_MOST_PATTERNS], self.repositories
        who = next((str(claims[each]) for each in _NAMES if claims.get(each)), "unknown")
        is_everything = "*" in patterns and within is None
        return Access(
            name=f"bearer {who[:200]}", scopes=scopes, patterns=None if is_everything else patterns, within=within
        )


def _may(scopes: frozenset[Scope], scope: Scope) -> bool:
    return scope in scopes or Scope.ADMIN in scopes


def _words(claim: object) -> tuple[str, ...]:
    """A claim as words: OAuth's text with spaces (RFC 8693, 4.2), or a list."""
    if isinstance(claim, str):
        return tuple(claim.split())
    return tuple(each for each in claim if isinstance(each, str)) if isinstance(claim, list) else ()


def secret_key(text: str, where: str) -> PublicKey:
    """The secret of HS256. Raises UsageError for one that could be guessed, or is a key for something else."""
    if "-----BEGIN" in text:
        raise UsageError(f"{where}: this is a PEM key, and HS256 wants a random text (write public_key_file:)")
    raw = text.encode()
    if len(raw) < _SHORTEST_SECRET:
        raise UsageError(f"{where}: the secret has {len(raw)} bytes, and {_SHORTEST_SECRET} are the least")
    return PublicKey("HS256", raw)


def pem_keys(text: str, where: str) -> tuple[PublicKey, ...]:
    """The public keys of a PEM text, one or several. Raises UsageError."""
    pieces = [f"{each.strip()}\n{_END}\n".encode() for each in text.split(_END) if each.strip()]
    if "PRIVATE KEY" in text:
        raise UsageError(f"{where}: this is a private key: give the hub the public one")
    try:
        found = tuple(_pem_key(each) for each in pieces)
    except (ValueError, UnsupportedAlgorithm):
        found = ()
    if not found:
        raise UsageError(f"{where}: expected PEM public keys, RSA of 2048 bits or more, or EC P-256")
    return found


def _pem_key(raw: bytes) -> PublicKey:
    key = load_pem_public_key(raw)
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey) or not is_strong(key):
        raise ValueError("another kind of key")
    return PublicKey("RS256" if isinstance(key, RSAPublicKey) else "ES256", key)
