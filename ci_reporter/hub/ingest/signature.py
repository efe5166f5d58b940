"""Who sent a body: Standard Webhooks, or the headers `X-CI-*` that a shell script can make.

    webhook-id, webhook-timestamp, webhook-signature    see `system.standardwebhooks`
    X-CI-Timestamp: 1767225600
    X-CI-Signature-256: sha256=<hex of HMAC-SHA256(secret, timestamp + "." + body)>
    X-CI-Signature: sha256=<hex of HMAC-SHA256(secret, body)>      only where the settings allow it: no replay guard

All are compared in constant time, and the first two hold for five minutes around now. A sender is told only that the
signature is not valid; the reason is for the hub's own log.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ci_reporter.hub.ingest.secrets import Secret
from ci_reporter.system import standardwebhooks
from ci_reporter.system.standardwebhooks import SignatureError

TIMESTAMP, SIGNATURE_256, SIGNATURE = b"x-ci-timestamp", b"x-ci-signature-256", b"x-ci-signature"
_WEBHOOK_ID, _WEBHOOK_TIME = standardwebhooks.ID.encode(), standardwebhooks.TIMESTAMP.encode()
WEBHOOK_SIGNATURE = standardwebhooks.SIGNATURE.encode()
_PREFIX = b"sha256="


class Sender(NamedTuple):
    """What a signature proves: which secret signed, and what tells this message from every other one.

    A message that is sent again has the same `message` and may have another time.
    """

    secret: Secret
    message: bytes


def is_signed(headers: Mapping[bytes, bytes]) -> bool:
    """Whether there is a signature, good or bad."""
    return not headers.keys().isdisjoint((WEBHOOK_SIGNATURE, SIGNATURE_256, SIGNATURE))


def verify(
    headers: Mapping[bytes, bytes], body: bytes, secrets: Sequence[Secret], now_s: float, *, bodies_alone: bool = False
) -> Sender:
    """The sender of a body, whose bytes are as they arrived. Raises SignatureError."""
    if WEBHOOK_SIGNATURE in headers:
        secret = signer_by_webhook(headers, body, secrets, now_s)
        return Sender(secret=secret, message=b"id:" + headers[_WEBHOOK_ID])
    if SIGNATURE_256 in headers:
        stamp = headers.get(TIMESTAMP, b"")
        standardwebhooks.check_time(stamp, now_s)
        return _by_hex(headers[SIGNATURE_256], b"%b.%b" % (stamp, body), secrets)
    if SIGNATURE in headers and bodies_alone:
        return _by_hex(headers[SIGNATURE], body, secrets)
    raise SignatureError("there is no signature")


def signer_by_webhook(headers: Mapping[bytes, bytes], body: bytes, secrets: Sequence[Secret], now_s: float) -> Secret:
    """The secret that signed as Standard Webhooks has it. Raises SignatureError."""
    able = [each for each in secrets if each.webhook_key is not None]
    message_id, stamp, signatures = (headers.get(name, b"") for name in (_WEBHOOK_ID, _WEBHOOK_TIME, WEBHOOK_SIGNATURE))
    if not message_id:
        raise SignatureError("the message has no webhook-id")
    keys = [each.webhook_key or b"" for each in able]
    return able[standardwebhooks.signer(message_id, stamp, signatures, body, keys, now_s)]


def signer_by_hex(given: bytes, signed: bytes, secrets: Sequence[Secret]) -> Secret:
    """The secret whose HMAC-SHA256 of what was signed is `given`, in hex. Raises SignatureError."""
    for each in secrets:
        if hmac.compare_digest(hmac.digest(each.text, signed, "sha256").hex().encode(), given):
            return each
    raise SignatureError("the signature is not of a secret that is known here")


def _by_hex(given: bytes, signed: bytes, secrets: Sequence[Secret]) -> Sender:
    if not given.startswith(_PREFIX):
        raise SignatureError("the signature does not begin with sha256=")
    secret = signer_by_hex(given[len(_PREFIX) :].lower(), signed, secrets)
    return Sender(secret=secret, message=b"body:" + signed)
