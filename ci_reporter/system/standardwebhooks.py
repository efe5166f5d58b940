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
from collections.abc import Mapping, Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300.0
_PREFIX = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64  # bytes
_VERSION = b"v1,"
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


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
    signed = b"%b.%d.%b" % (message_id.encode("utf-8", "replace"), timestamp_s, body)
    signatures = [(_VERSION + _signature(key(each), signed)).decode() for each in secrets]
    found = {ID: message_id, TIMESTAMP: str(timestamp_s)}
    return found | ({SIGNATURE: " ".join(signatures)} if signatures else {})


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now_s: float) -> str:
    """The id of a message that one of our secrets has signed, sent within five minutes of now.

    `body` are the bytes as they arrived: JSON that was read and written again is not what was signed. Whoever must not
    take a message twice keeps the ids until they are older than the tolerance. Raises SignatureError.
    """
    message_id, stamp, given = _three(headers)
    signer(
        message_id.encode(),
        stamp.encode(),
        given.encode("utf-8", "replace"),
        body,
        [key(each) for each in secrets],
        now_s,
    )
    return message_id


def signer(message_id: bytes, stamp: bytes, signatures: bytes, body: bytes, keys: Sequence[bytes], now_s: float) -> int:
    """Which of the keys has signed a message, of which the first three are its headers. Raises SignatureError."""
    import hmac

    check_time(stamp, now_s)
    signed = b"%b.%b.%b" % (message_id, stamp, body)
    # What is malformed, or of a version that we do not know, is passed over.
    theirs = [each[len(_VERSION) :] for each in signatures.split(b" ") if each.startswith(_VERSION)]
    for at, each in enumerate(keys):
        ours = _signature(each, signed)
        # In constant time: how long it takes must not tell how much of a guessed signature was right.
        if any(hmac.compare_digest(ours, their) for their in theirs):
            return at
    raise SignatureError(f"no signature in {SIGNATURE} is of a secret that is known here")


def check_time(stamp: bytes, now_s: float) -> None:
    """Refuse what is not of now. Raises SignatureError.

    An old message may be one that somebody has recorded; one from the future would stay valid for too long.
    """
    if not _TIMESTAMP.fullmatch(stamp):
        raise SignatureError("the message's time is not a number of seconds")
    age_s = now_s - int(stamp)
    if abs(age_s) > TOLERANCE_S:
        when = "ago" if age_s > 0 else "ahead"
        raise SignatureError(f"the message was sent {abs(age_s):.0f} s {when}, more than {TOLERANCE_S:g} s")


def _three(headers: Mapping[str, str]) -> list[str]:
    found = {name.lower(): value for name, value in headers.items()}
    if missing := [name for name in (ID, TIMESTAMP, SIGNATURE) if not found.get(name)]:
        raise SignatureError(f"the message has no {' and no '.join(missing)}")
    return [found[name] for name in (ID, TIMESTAMP, SIGNATURE)]


def _signature(secret_key: bytes, signed: bytes) -> bytes:
    import base64
    import hmac

    return base64.b64encode(hmac.digest(secret_key, signed, "sha256"))
