"""Signatures of webhooks as Standard Webhooks 1.0.0 has them: made for what we send, checked for what we receive.

Source: standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`. Three headers go with a body:

    webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek            the same one each time that this message is sent
    webhook-timestamp: 1614265330                       seconds since the epoch, when it was sent
    webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=

The signature is an HMAC-SHA256 of `id.timestamp.body`. While a secret is being replaced there are several signatures,
with spaces between them, and a receiver is content with one. A `v1a` signature is an asymmetric one: not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300.0
_PREFIX = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64  # bytes
_VERSION = "v1"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class SignatureError(ValueError):
    """A message is not signed by any secret of ours, or it is not from now; the text says which."""


def key(secret: str) -> bytes:
    """The key that a secret, `whsec_` and base64, stands for. Raises ValueError, whose words do not hold it."""
    import base64

    try:
        found = base64.b64decode(secret.strip().removeprefix(_PREFIX).encode(), validate=True)
    except ValueError:
        raise ValueError("is not a webhook secret (write whsec_ and then base64)") from None
    if not _SHORTEST_KEY <= len(found) <= _LONGEST_KEY:
        raise ValueError(
            f"is a webhook secret of {len(found)} bytes, and Standard Webhooks wants 24 to 64"
            " (make one: echo whsec_$(openssl rand -base64 32))"
        )
    return found


def signed_headers(secrets: Sequence[str], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, signed with each of the secrets. Raises ValueError for an id with a dot in it."""
    if "." in message_id:
        raise ValueError(f"a message's id must have no dot in it, and {message_id!r} has one")
    stamp = str(timestamp_s)
    signatures = [f"{_VERSION},{_signature(key(each), message_id, stamp, body)}" for each in secrets]
    return {ID: message_id, TIMESTAMP: stamp} | ({SIGNATURE: " ".join(signatures)} if signatures else {})


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: float) -> str:
    """The id of a message that one of our secrets has signed, sent within five minutes of now.

    `body` are the bytes as they arrived: JSON that was read and written again is not what was signed. Whoever must not
    take a message twice keeps the ids until they are older than the tolerance. Raises SignatureError.
    """
    return signer(headers, body, [key(each) for each in secrets], now_s)[0]


def signer(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now_s: float) -> tuple[str, int]:
    """The id of a message, as `verify` has it, and which of the keys has signed it. Raises SignatureError."""
    message_id, stamp, given = _three(headers)
    _check_time(stamp, now_s)
    known = [_signature(each, message_id, stamp, body) for each in keys]
    for theirs in _signatures(given):
        for at, ours in enumerate(known):
            if _same(ours, theirs):
                return message_id, at
    raise SignatureError(f"no signature in {SIGNATURE} is of a secret that is known here")


def _three(headers: Mapping[str, str]) -> list[str]:
    found = {name.lower(): value for name, value in headers.items()}
    if missing := [name for name in (ID, TIMESTAMP, SIGNATURE) if not found.get(name)]:
        raise SignatureError(f"the message has no {' and no '.join(missing)}")
    return [found[name] for name in (ID, TIMESTAMP, SIGNATURE)]


def _check_time(stamp: str, now_s: float) -> None:
    """An old message may be one that somebody has recorded; one from the future would stay valid for too long."""
    if not _TIMESTAMP.fullmatch(stamp):
        raise SignatureError(f"{TIMESTAMP} is not a number of seconds")
    age_s = now_s - int(stamp)
    if abs(age_s) > TOLERANCE_S:
        when = "ago" if age_s > 0 else "ahead"
        raise SignatureError(f"the message was sent {abs(age_s):.0f} s {when}, more than {TOLERANCE_S:g} s")


def _signatures(header: str) -> Iterator[str]:
    """The `v1` ones; what is malformed, or of a version that we do not know, is passed over."""
    for entry in header.split(" "):
        version, comma, signature = entry.partition(",")
        if comma and version == _VERSION:
            yield signature


def _signature(secret_key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    import base64
    import hmac

    signed = f"{message_id}.{stamp}.".encode("utf-8", "replace") + body
    return base64.b64encode(hmac.digest(secret_key, signed, "sha256")).decode()


def _same(ours: str, theirs: str) -> bool:
    """In constant time: how long it takes must not tell how much of a guessed signature was right."""
    import hmac

    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "replace"))
