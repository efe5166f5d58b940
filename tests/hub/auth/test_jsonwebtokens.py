"""JSON Web Tokens: what is taken, and every way of being taken for something else."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ci_reporter.errors import DeliveryError, UsageError
from ci_reporter.hub.auth.access import Scope
from ci_reporter.hub.auth.jsonwebtokens import Trust, pem_keys, secret_key
from ci_reporter.hub.auth.jwks import PAUSE_S, STALE_S, Jwks, public_keys
from ci_reporter.hub.settings.hubfile import parse
from tests.hub.auth.conftest import bearer
from tests.vendors import serving

SECRET = "a-secret-of-32-bytes-or-more-is-wanted"


def pem_of(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def rsa_key(_name="ours"):
    """Keys are made by the tests that need them: to make one may take half a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


EC = ec.generate_private_key(ec.SECP256R1())


def by_rsa():
    keys = pem_keys(pem_of(rsa_key()).decode(), "x")
    return Trust(audience="hub", keys=keys, scopes=frozenset({Scope.READ}), repositories=("*",))


BY_SECRET = Trust(
    audience="hub", keys=(secret_key(SECRET, "x"),), scopes=frozenset({Scope.READ}), repositories=("acme/*",)
)


def claims(**more):
    now = int(time.time())
    known = {"aud": "hub", "exp": now + 300, "iat": now, "sub": "jane", **more}
    return {name: value(now) if callable(value) else value for name, value in known.items()}


def signed(key=None, algorithm="RS256", headers=None, **more):
    return jwt.encode(claims(**more), key or rsa_key(), algorithm=algorithm, headers=headers)


def access(trust, token):
    return asyncio.run(trust.access(token))


def raw(header, payload, signature=b""):
    """A token of which every part is ours to choose."""
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


def hmac_token(secret, header, payload):
    unsigned = raw(header, payload).rpartition(".")[0]
    signature = hmac.digest(secret, unsigned.encode(), "sha256")
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_token_with_the_right_signature_is_taken():
    found = access(by_rsa(), signed())
    assert (found.name, found.scopes, found.patterns) == ("bearer jane", {Scope.READ}, None)


def test_a_token_by_secret_sees_what_the_configuration_says():
    found = access(BY_SECRET, signed(SECRET, "HS256"))
    assert (found.sees("acme/shop"), found.sees("other/shop")) == (True, False)


def test_an_elliptic_curve_signs_too():
    trust = Trust(audience="hub", keys=pem_keys(pem_of(EC).decode(), "x"))
    assert access(trust, signed(EC, "ES256")) is not None


def test_several_public_keys_hold_at_once():
    trust = Trust(audience="hub", keys=pem_keys(pem_of(rsa_key()).decode() + pem_of(EC).decode(), "x"))
    assert access(trust, signed()) and access(trust, signed(EC, "ES256"))


def from_now(seconds):
    """A time as the test has it when it runs, not when it was collected."""
    return lambda now: now + seconds


BAD_CLAIMS = {
    "another audience": {"aud": "grafana"},
    "expired": {"exp": from_now(-120)},
    "not yet": {"nbf": from_now(600)},
    "exp is no number": {"exp": "tomorrow"},
    "exp is beyond all numbers": {"exp": float("inf")},
    "issued in the future": {"iat": from_now(600)},
}


@pytest.mark.parametrize("wrong", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_a_token_with_a_wrong_claim_is_refused(wrong):
    assert access(BY_SECRET, hmac_token(SECRET.encode(), {"alg": "HS256"}, claims(**wrong))) is None


@pytest.mark.parametrize("missing", ["aud", "exp"])
def test_a_token_without_a_claim_that_is_needed_is_refused(missing):
    payload = claims()
    del payload[missing]
    assert access(BY_SECRET, jwt.encode(payload, SECRET, "HS256")) is None


@pytest.mark.parametrize("at", [{"exp": from_now(-10)}, {"nbf": from_now(40)}])
def test_clocks_may_differ_by_a_minute(at):
    assert access(BY_SECRET, signed(SECRET, "HS256", **at)) is not None


def test_an_issuer_that_is_named_has_to_be_in_the_token():
    trust = Trust(audience="hub", keys=(secret_key(SECRET, "x"),), issuer="https://sso.example")
    assert access(trust, signed(SECRET, "HS256", iss="https://sso.example")) is not None
    assert access(trust, signed(SECRET, "HS256", iss="https://evil.example")) is None
    assert access(trust, signed(SECRET, "HS256")) is None


def of_another(**headers):
    return signed(rsa_key("another"), headers=headers or None)


def public_jwk():
    return RSAAlgorithm.to_jwk(rsa_key("another").public_key(), as_dict=True)


def with_other_claims():
    head, _, signature = signed().split(".")
    return ".".join((head, raw({}, claims(sub="root")).split(".")[1], signature))


# Tokens of somebody who knows the public key, and not the private one.
FORGERIES = {
    "none": lambda: raw({"alg": "none"}, claims()),
    "None": lambda: raw({"alg": "None"}, claims()),
    "no algorithm": lambda: raw({}, claims()),
    "an algorithm that is a list": lambda: raw({"alg": ["RS256"]}, claims()),
    "the public key as a secret": lambda: hmac_token(pem_of(rsa_key()), {"alg": "HS256"}, claims()),
    "the public key as a secret, stripped": lambda: hmac_token(pem_of(rsa_key()).strip(), {"alg": "HS256"}, claims()),
    "the empty secret": lambda: hmac_token(b"", {"alg": "HS256"}, claims()),
    "another key": of_another,
    "a key in the token": lambda: of_another(jwk=public_jwk()),
    "a key at an address": lambda: of_another(jku="http://127.0.0.1:9/keys", x5u="http://127.0.0.1:9"),
    "a kid that is a path": lambda: of_another(kid="../../dev/null"),
    "another algorithm of the same key": lambda: jwt.encode(claims(), rsa_key(), "RS384"),
    "PSS": lambda: jwt.encode(claims(), rsa_key(), "PS256"),
    "without its signature": lambda: signed().rpartition(".")[0] + ".",
    "cut short": lambda: signed()[:-8],
    "other claims": with_other_claims,
    "an extension that has to be understood": lambda: signed(headers={"crit": ["x"], "x": 1}),
    "no JSON": lambda: "eyJ.eyJ.x",
    "deep JSON": lambda: base64.urlsafe_b64encode(b"[" * 4000).decode() + ".e30.",
    "five parts": lambda: f"{signed()}.{signed()}",
    "not ASCII": lambda: "é.é.é",
    "nothing": lambda: "..",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused(forge):
    assert access(by_rsa(), forge()) is None


def test_a_kid_that_is_no_text_is_refused():
    token = hmac_token(SECRET.encode(), {"alg": "HS256", "kid": 7}, claims())
    assert access(BY_SECRET, token) is None


def test_a_claim_says_what_of_it_a_token_may():
    trust = Trust(
        audience="hub",
        keys=(secret_key(SECRET, "x"),),
        scopes=frozenset({Scope.READ, Scope.INGEST}),
        scope_claim="scope",
        repositories=("acme/*",),
        repositories_claim="repository",
    )
    found = access(trust, signed(SECRET, "HS256", scope="openid ingest admin", repository="acme/shop"))
    assert found.scopes == {Scope.INGEST}
    assert [found.sees(each) for each in ("acme/shop", "acme/cart")] == [True, False]
    strangers = access(trust, signed(SECRET, "HS256", scope="ingest", repository="evil/shop"))
    assert not strangers.sees("evil/shop")
    greedy = access(trust, signed(SECRET, "HS256", scope=["read"], repository=["*"]))
    assert [greedy.sees(each) for each in ("acme/shop", "evil/shop")] == [True, False]
    silent = access(trust, signed(SECRET, "HS256"))
    assert (silent.scopes, silent.sees("acme/shop")) == (set(), False)


def test_a_secret_that_can_be_guessed_is_refused_at_the_start():
    with pytest.raises(UsageError, match="has 5 bytes, and 32 are the least"):
        secret_key("short", "hub.yml")


def test_a_public_key_is_never_a_secret():
    with pytest.raises(UsageError, match="this is a PEM key, and HS256 wants a random text"):
        secret_key(pem_of(EC).decode(), "hub.yml")


def private_pem():
    return EC.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


NO_PUBLIC_KEYS = {
    "rubbish": lambda: "rubbish",
    "another curve": lambda: pem_of(ec.generate_private_key(ec.SECP384R1())).decode(),
    "a private key": private_pem,
    "nothing": lambda: "",
}


@pytest.mark.parametrize("text", NO_PUBLIC_KEYS.values(), ids=NO_PUBLIC_KEYS)
def test_a_public_key_that_is_none_is_refused_at_the_start(text):
    with pytest.raises(UsageError, match=r"public"):
        pem_keys(text(), "hub.yml")


# ---- keys that are published


def jwk(key=EC, **more):
    algorithm = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": "k1", **more}


class Issuer:
    """An address with keys that change; it counts how often it is asked."""

    def __init__(self, *keys):
        self.keys, self.asked, self.now_s, self.is_down = list(keys), 0, 0.0, False
        self.jwks = Jwks("https://sso.example", fetch=self.fetch, clock=lambda: self.now_s)

    def fetch(self, _url):
        self.asked += 1
        if self.is_down:
            raise DeliveryError("no answer")
        return json.dumps({"keys": self.keys})

    def find(self, kid, algorithm="ES256"):
        return asyncio.run(self.jwks.keys(kid, algorithm))


def test_published_keys_are_asked_for_once():
    issuer = Issuer(jwk())
    assert [len(issuer.find("k1")) for _ in range(100)] == [1] * 100
    assert issuer.asked == 1


def test_a_key_that_nobody_knows_is_looked_for_once_a_minute():
    issuer = Issuer(jwk())
    for _ in range(100):
        assert issuer.find("made-up") == []
    assert issuer.asked == 1
    issuer.now_s, issuer.keys = PAUSE_S, [jwk(kid="k2")]
    assert len(issuer.find("k2")) == 1
    assert (issuer.find("k1"), issuer.asked) == ([], 2)  # it is no longer published


def test_many_at_once_ask_once():
    issuer = Issuer(jwk())

    async def many():
        return await asyncio.gather(*(issuer.jwks.keys("k1", "ES256") for _ in range(50)))

    assert all(asyncio.run(many()))
    assert issuer.asked == 1


def test_keys_hold_for_a_day_while_their_address_is_silent():
    issuer = Issuer(jwk())
    assert issuer.find("k1")
    issuer.is_down, issuer.now_s = True, STALE_S
    assert issuer.find("k1")
    issuer.now_s = STALE_S + 1
    assert not issuer.find("k1")


def test_a_token_without_a_kid_may_be_of_any_key():
    issuer = Issuer(jwk(kid="e"), jwk(rsa_key()))
    trust = Trust(audience="hub", jwks=issuer.jwks, scopes=frozenset({Scope.READ}))
    assert access(trust, signed())
    assert access(trust, signed(EC, "ES256", headers={"kid": "e"}))


UNUSABLE = {
    "a secret": {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET.encode()).decode(), "kid": "k1", "alg": "HS256"},
    "for encryption": jwk(use="enc"),
    "of another algorithm": jwk(alg="ES384"),
    "a private key": {**jwk(), "d": "AQAB"},
    "a short key": {"kty": "RSA", "n": "AQABAQAB", "e": "AQAB", "kid": "k1"},
    "half a key": {"kty": "EC", "crv": "P-256", "kid": "k1"},
    "of another curve": ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True),
    "no object": {},
}


@pytest.mark.parametrize("given", UNUSABLE.values(), ids=UNUSABLE)
def test_a_published_key_that_is_not_for_us_is_passed_over(given):
    assert public_keys(json.dumps({"keys": [given, "x", None]})) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 7}', "<html>", "[" * 100_000])
def test_what_is_no_list_of_keys_is_said(text):
    with pytest.raises(ValueError, match="JWKS"):
        public_keys(text)


def test_at_most_fifty_keys_are_taken():
    assert len(public_keys(json.dumps({"keys": [jwk(kid=str(each)) for each in range(60)]}))) == 50


def test_a_secret_is_never_taken_from_published_keys():
    trust = Trust(audience="hub", jwks=Issuer(UNUSABLE["a secret"]).jwks)
    assert access(trust, signed(SECRET, "HS256", headers={"kid": "k1"})) is None


# ---- the whole way, from an address with keys to the routes

JOBS = """
auth:
  jwt:
    - issuer: https://gitlab.example
      audience: hub
      jwks_url: ADDRESS
      scopes: [ingest]
      repositories_claim: project_path
      repositories: [acme/*]
    - audience: hub
      secret_env: SSO_SECRET
      scopes: [read]
      repositories: ["*"]
"""


@pytest.fixture
def site(make_site):
    with serving(lambda _: (200, {}, json.dumps({"keys": [jwk()]}).encode())) as url:
        settings = parse(JOBS.replace("ADDRESS", f"{url}/keys").encode(), "hub.yml")
        yield make_site(secrets="", settings=settings, env={"SSO_SECRET": SECRET})


def test_a_job_reports_by_the_token_of_its_ci_system(site):
    job = bearer(signed(EC, "ES256", {"kid": "k1"}, iss="https://gitlab.example", project_path="acme/shop"))
    assert site.report(job, repository="acme/shop").status == 202
    assert site.report(job, repository="acme/cart").status == 403
    assert site.ask("GET", "/api/v1/runs", job).status == 403


def test_a_stranger_of_the_same_ci_system_reports_nothing(site):
    job = bearer(signed(EC, "ES256", {"kid": "k1"}, iss="https://gitlab.example", project_path="evil/shop"))
    assert site.report(job, repository="evil/shop").status == 403
    assert site.report(job).status == 403


def test_a_person_reads_by_the_token_that_a_proxy_adds(site):
    person = bearer(signed(SECRET, "HS256", preferred_username="jane"))
    assert site.ask("GET", "/api/v1/runs", person).status == 200
    assert site.ask("GET", "/", person).status == 200
    assert site.post_form("/logout", {**person, "Sec-Fetch-Site": "cross-site"}).status == 403
    assert site.post_form("/logout", person).status == 403  # a proxy's session is not ours to end


def test_where_tokens_of_others_are_taken_one_has_to_sign_in(site):
    assert site.get("/metrics").status == 401


# ---- the configuration

GITHUB = """
auth:
  session: 12h
  trusted_proxies: [10.0.0.0/8, "::1"]
  jwt:
    - issuer: https://token.actions.githubusercontent.com
      audience: ci-reporter-hub
      jwks_url: https://token.actions.githubusercontent.com/.well-known/jwks
      scopes: [ingest]
      repositories_claim: repository
      repositories: [acme/*]
"""


def test_the_section_is_what_is_written():
    auth = parse(GITHUB.encode(), "hub.yml").auth
    assert (auth.session_s, auth.trusted_proxies) == (43_200.0, ("10.0.0.0/8", "::1"))
    assert (auth.jwt[0].scopes, auth.jwt[0].repositories_claim) == (("ingest",), "repository")


MISTAKES = {
    "an issuer of everybody's": (("repositories: [acme/*]", 'repositories: ["*"]'), "everybody can get a token of"),
    "without its claim": (("      repositories_claim: repository\n", ""), "everybody can get a token of"),
    "no audience": (
        ("      audience: ci-reporter-hub\n", ""),
        "has no audience: (write audience: ci-reporter-hub)",
    ),
    "no keys": (
        ("jwks_url: https", "# https"),
        "wants one of jwks_url:",
    ),
    "keys without TLS": (("jwks_url: https://token", "jwks_url: http://token"), "does not begin with https://"),
    "a scope that is none": (("[ingest]", "[write]"), "line 9: 'write' is not known"),
    "a proxy that is none": (("10.0.0.0/8", "10.0.0.0/99"), "is not an address or a network"),
    "a word that nobody knows": (("session:", "sesion:"), "unknown key 'sesion'"),
}


@pytest.mark.parametrize(("change", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_with_its_line(change, said):
    with pytest.raises(UsageError) as caught:
        parse(GITHUB.replace(*change).encode(), "hub.yml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("hub.yml line ")
