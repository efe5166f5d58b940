"""The keys that an issuer publishes (JWKS, RFC 7517), fetched now and then: never for each request."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt

from ci_reporter.errors import DeliveryError
from ci_reporter.http import Request, send
from ci_reporter.system.deadline import Deadline

FRESH_S = 600.0
STALE_S = 24 * 3600.0  # for so long keys hold while their address does not answer
PAUSE_S = 60.0  # between two looks
_CALL_S = 5.0
_MOST_KEYS = 50
_LARGEST = 256 * 1024
_log = logging.getLogger("ci_reporter.hub.auth")


class PublicKey(NamedTuple):
    """A key, the one algorithm that it is used with, and its name where it has one."""

    algorithm: str
    key: Any
    kid: str | None = None


class Jwks:
    """The keys at an address. `fetch` gives the document as text."""

    def __init__(
        self, url: str, *, fetch: Callable[[str], str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._fetch = fetch or _fetch
        self._clock = clock
        self._keys: list[PublicKey] = []
        self._fetched_s: float | None = None
        self._tried_s: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def keys(self, kid: str | None, algorithm: str) -> list[PublicKey]:
        """Those that may have signed a token; a name that nobody knows is looked for once a minute."""
        found = self._matching(kid, algorithm)
        # Who comes while somebody else looks waits for that, too.
        if self._is_due(is_known=bool(found)) or (not found and self._one_at_a_time.locked()):
            async with self._one_at_a_time:
                if self._is_due(is_known=bool(self._matching(kid, algorithm))):
                    await self._look()
            found = self._matching(kid, algorithm)
        return found

    def _matching(self, kid: str | None, algorithm: str) -> list[PublicKey]:
        if self._fetched_s is None or self._clock() - self._fetched_s > STALE_S:
            return []
        return [each for each in self._keys if each.algorithm == algorithm and kid in (None, each.kid)]

    def _is_due(self, *, is_known: bool) -> bool:
        now_s = self._clock()
        if self._tried_s is not None and now_s - self._tried_s < PAUSE_S:
            return False
        return not is_known or self._fetched_s is None or now_s - self._fetched_s >= FRESH_S

    async def _look(self) -> None:
        self._tried_s = self._clock()
        try:
            self._keys = public_keys(await asyncio.to_thread(self._fetch, self._url))
            self._fetched_s = self._clock()
        except (DeliveryError, ValueError) as exc:
            _log.warning("the keys that tokens are signed with cannot be read from %s: %s", self._url, exc)


def public_keys(text: str) -> list[PublicKey]:
    """The keys for RS256 and ES256 in a JWKS, at most 50; others are passed over. Raises ValueError."""
    try:
        listed = json.loads(text)["keys"]
        given = [each for each in listed if isinstance(each, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("it is not a JWKS: a JSON object with a list `keys`") from None
    return [key for each in given[:_MOST_KEYS] if (key := _public_key(each))]


def _public_key(given: dict[str, Any]) -> PublicKey | None:
    """Never a symmetric one: whoever can read the address could sign."""
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(given.get("kty")))
    if (
        algorithm is None
        or given.get("use", "sig") != "sig"
        or given.get("alg", algorithm) != algorithm
        or "d" in given
    ):
        return None
    try:
        key = jwt.PyJWK(given, algorithm=algorithm).key
    except jwt.PyJWTError:
        return None
    kid = given.get("kid")
    return PublicKey(algorithm, key, kid if isinstance(kid, str) else None) if is_strong(key) else None


def is_strong(key: Any) -> bool:
    """Whether it is an RSA key of 2048 bits or more, or one of the curve P-256."""
    curve = getattr(key, "curve", None)
    return curve.name == "secp256r1" if curve else getattr(key, "key_size", 0) >= 2048


def _fetch(url: str) -> str:
    request = Request(method="GET", url=url, base=url, limit=_LARGEST)
    return send(request, Deadline(_CALL_S)).body.decode("utf-8", "replace")
