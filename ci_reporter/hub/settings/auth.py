"""`auth:` of the hub's configuration file: whose JSON Web Tokens are taken, how long a session lasts, which proxies.

auth:
  session: 12h
  trusted_proxies: [10.0.0.0/8]
  jwt:
    - issuer: https://sso.example/realms/acme
      audience: ci-reporter-hub
      jwks_url: https://sso.example/realms/acme/protocol/openid-connect/certs
      scopes: [read]
      repositories: ["*"]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network

from ci_reporter.config import values, yaml
from ci_reporter.config.yaml import Node, kind, read
from ci_reporter.errors import UsageError
from ci_reporter.hub.settings.tokens import Token, token_of

AUTH_KEYS = ("session", "trusted_proxies", "jwt")
JWT_KEYS: tuple[str, ...] = (
    *("issuer", "audience", "jwks_url", "public_key_file", "secret_env", "secret_file"),
    *("scopes", "scope_claim", "repositories", "repositories_claim"),
)
LOOPBACK = ("127.0.0.0/8", "::1/128")
SESSION_S = 7 * 86_400.0
_SCOPES = ("read", "ingest", "silence", "admin")
# Everybody can get a token of these, for any audience: what tells ours from others' is the repository alone.
_PUBLIC_ISSUERS = ("https://token.actions.githubusercontent.com", "https://gitlab.com", "https://accounts.google.com")


@dataclass(frozen=True, kw_only=True)
class Jwt:
    """Whose tokens are taken, and what they may do at most; with a claim, what of that the token names there."""

    audience: str
    scopes: tuple[str, ...]
    repositories: tuple[str, ...]
    issuer: str | None = None
    jwks_url: str | None = None
    public_key_file: str | None = None
    secret: Token = field(default_factory=Token)
    scope_claim: str | None = None
    repositories_claim: str | None = None
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Auth:
    """The section."""

    session_s: float = SESSION_S
    trusted_proxies: tuple[str, ...] = LOOPBACK
    jwt: tuple[Jwt, ...] = ()


def auth_of(node: Node) -> Auth:
    """Read the section. Raises UsageError."""
    keys = yaml.mapping(node, AUTH_KEYS)
    jwt = keys.get("jwt")
    return Auth(
        session_s=read(keys, "session", kind(values.duration_with_unit_s), SESSION_S),
        trusted_proxies=read(keys, "trusted_proxies", _networks, LOOPBACK),
        jwt=() if jwt is None else tuple(_jwt(each) for each in (jwt.value if isinstance(jwt.value, list) else [jwt])),
    )


def _jwt(node: Node) -> Jwt:
    keys = yaml.mapping(node, JWT_KEYS)
    for needed, example in (("audience", "ci-reporter-hub"), ("scopes", "[read]"), ("repositories", "[acme/*]")):
        if needed not in keys:
            raise UsageError(f"{node.where}: jwt has no {needed}: (write {needed}: {example})")
    found = Jwt(
        audience=yaml.text(keys["audience"]),
        scopes=_scopes(keys["scopes"]),
        repositories=yaml.names(keys["repositories"]),
        issuer=read(keys, "issuer", yaml.text, None),
        jwks_url=read(keys, "jwks_url", kind(_keys_url), None),
        public_key_file=read(keys, "public_key_file", yaml.text, None),
        secret=token_of(keys, "secret"),
        scope_claim=read(keys, "scope_claim", yaml.text, None),
        repositories_claim=read(keys, "repositories_claim", yaml.text, None),
        where=f"{node.place}: jwt",
    )
    if sum((found.jwks_url is not None, found.public_key_file is not None, found.secret.given)) != 1:
        raise UsageError(f"{node.where}: jwt wants one of jwks_url:, public_key_file: and secret_env: or secret_file:")
    _check_public(found, node)
    return found


def _check_public(found: Jwt, node: Node) -> None:
    """Raises UsageError where a stranger's token of the same issuer would do as well as one of ours."""
    is_public = (found.issuer or "").rstrip("/") in _PUBLIC_ISSUERS
    if is_public and ("*" in found.repositories or not found.repositories_claim):
        raise UsageError(
            f"{node.where}: everybody can get a token of {found.issuer} (write repositories_claim: and repositories:"
            " with patterns of your own, such as [acme/*])"
        )


def _scopes(node: Node) -> tuple[str, ...]:
    one = yaml.one_of(_SCOPES)
    return tuple(one(each) for each in (node.value if isinstance(node.value, list) else [node]))


def _networks(node: Node) -> tuple[str, ...]:
    found = yaml.names(node)
    for each in found:
        try:
            ip_network(each, strict=False)
        except ValueError:
            raise UsageError(f"{node.where}: {each!r} is not an address or a network (write 10.0.0.0/8)") from None
    return found


def _keys_url(text: str) -> str:
    """Whoever could change the keys on their way could sign: without TLS only from this machine."""
    url = values.url(text)
    host = url.partition("//")[2].partition("/")[0].rpartition("@")[2]
    is_near = host.startswith(("127.", "localhost", "[::1]"))
    if url.startswith("https://") or is_near:
        return url
    raise ValueError("does not begin with https://")
