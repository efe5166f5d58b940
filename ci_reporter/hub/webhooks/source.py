"""Who sends a webhook: its headers, and how it signs.

Sources: github/docs, "Validating webhook deliveries"; GitLab documentation, "Webhooks"; go-gitea/gitea,
services/webhook/deliver.go; Forgejo documentation, "Webhooks"; Bitbucket documentation, "Manage webhooks"; Standard
Webhooks 1.0.0. Forgejo sends Gitea's headers beside its own, and both send GitHub's: so Forgejo is looked for first.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from enum import StrEnum

from ci_reporter.hub.ingest.secrets import Secret
from ci_reporter.hub.ingest.signature import WEBHOOK_SIGNATURE, signer_by_hex, signer_by_webhook
from ci_reporter.system.standardwebhooks import SignatureError

Headers = Mapping[bytes, bytes]


class Source(StrEnum):
    """The senders that are understood. `generic` is anybody who signs as Standard Webhooks has it."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    BITBUCKET = "bitbucket"
    GENERIC = "generic"


_EVENT = {
    Source.FORGEJO: b"x-forgejo-event",
    Source.GITEA: b"x-gitea-event",
    Source.GITHUB: b"x-github-event",
    Source.GITLAB: b"x-gitlab-event",
    Source.BITBUCKET: b"x-event-key",
}
# The first that is there. GitLab's Idempotency-Key stays the same when a delivery is tried again.
_DELIVERY = {
    Source.FORGEJO: (b"x-forgejo-delivery", b"x-gitea-delivery"),
    Source.GITEA: (b"x-gitea-delivery",),
    Source.GITHUB: (b"x-github-delivery",),
    Source.GITLAB: (b"webhook-id", b"idempotency-key", b"x-gitlab-event-uuid"),
    Source.BITBUCKET: (b"x-request-uuid", b"x-request-id"),
    Source.GENERIC: (b"webhook-id",),
}
_HEX = {
    Source.FORGEJO: (b"x-forgejo-signature", b"x-gitea-signature", b"x-hub-signature-256"),
    Source.GITEA: (b"x-gitea-signature", b"x-hub-signature-256"),
    Source.GITHUB: (b"x-hub-signature-256",),
    Source.BITBUCKET: (b"x-hub-signature",),
}
_ALIKE = (Source.FORGEJO, Source.GITEA, Source.GITHUB)


def source_of(name: str, headers: Headers) -> Source | None:
    """Who sends to `/webhooks/<name>`; of the three that send GitHub's headers the one that it is."""
    if name not in [*Source]:
        return None
    named = Source(name)
    if named not in _ALIKE:
        return named
    return next((each for each in _ALIKE if _EVENT[each] in headers), named)


def event_of(source: Source, headers: Headers) -> str:
    """The event that the headers name."""
    return headers.get(_EVENT.get(source, b""), b"").decode("latin-1")[:100]


def delivery_of(source: Source, headers: Headers, body: bytes) -> str:
    """What tells this delivery from every other one; a digest of the body where no header does."""
    given = next((headers[name] for name in _DELIVERY[source] if headers.get(name)), b"")
    return given.decode("latin-1")[:200] if given else digest_of(body)


def digest_of(body: bytes) -> str:
    """What a body is known by: a delivery's id is not signed, and may be another one when somebody sends it again."""
    return hashlib.sha256(body).hexdigest()


def verify(source: Source, headers: Headers, body: bytes, secrets: Sequence[Secret], now_s: float) -> Secret:
    """The secret that a delivery was signed with, its bytes as they arrived. Raises SignatureError."""
    if source is Source.GENERIC or (source is Source.GITLAB and WEBHOOK_SIGNATURE in headers):
        return signer_by_webhook(headers, body, secrets, now_s)
    if source is Source.GITLAB:
        return _by_token(headers.get(b"x-gitlab-token", b""), secrets)
    given = next((headers[name] for name in _HEX[source] if name in headers), None)
    if given is None:
        raise SignatureError(f"there is no {_HEX[source][0].decode()}: give the webhook a secret")
    return signer_by_hex(given.strip().lower().removeprefix(b"sha256="), body, secrets)


def _by_token(given: bytes, secrets: Sequence[Secret]) -> Secret:
    """GitLab sends the secret itself. Digests are compared, so that its length makes no difference either."""
    theirs = hashlib.sha256(given).digest()
    for each in secrets:
        if hmac.compare_digest(hashlib.sha256(each.text).digest(), theirs):
            return each
    raise SignatureError("x-gitlab-token is not one of the secrets that are known here")
