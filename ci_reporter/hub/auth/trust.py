"""What the configuration says of JSON Web Tokens → whose are taken. Keys are read once, at the start."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.errors import UsageError
from ci_reporter.hub.auth.access import Scope
from ci_reporter.hub.auth.jsonwebtokens import Trust, pem_keys, secret_key
from ci_reporter.hub.auth.jwks import Jwks, PublicKey
from ci_reporter.hub.settings.auth import Jwt
from ci_reporter.system.files import read_named

_LARGEST = 64 * 1024


def trust_of(settings: Jwt, env: Mapping[str, str]) -> Trust:
    """Whose tokens are taken. Raises UsageError for a key that cannot be read or used."""
    return Trust(
        audience=settings.audience,
        issuer=settings.issuer,
        keys=_keys(settings, env),
        jwks=Jwks(settings.jwks_url) if settings.jwks_url else None,
        scopes=frozenset(map(Scope, settings.scopes)),
        scope_claim=settings.scope_claim,
        repositories=settings.repositories,
        repositories_claim=settings.repositories_claim,
    )


def _keys(settings: Jwt, env: Mapping[str, str]) -> tuple[PublicKey, ...]:
    if settings.secret.given:
        return (secret_key(settings.secret.read(env) or "", settings.where),)
    path = settings.public_key_file
    if path is None:
        return ()
    try:
        text = read_named(path, _LARGEST).decode("ascii")
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not a PEM file"
        raise UsageError(f"{settings.where}: public_key_file: cannot read {path}: {reason}") from exc
    return pem_keys(text, f"{settings.where}: public_key_file: {path}")
