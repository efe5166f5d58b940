"""What is masked, and what is not; and that an answer which needs it is never taken for one that does not."""

from __future__ import annotations

import json

import pytest

from ci_reporter.hub.api.masking import is_suspect, masked

SECRET = {
    "a GitHub token": "ghp_" + "a" * 36,
    "a fine-grained one": "github_pat_" + "a" * 40,
    "a GitLab token": "glpat-" + "a" * 20,
    "a Slack token": "xoxb-1234567890-abc",
    "an AWS key": "AKIAABCDEFGHIJKLMNOP",
    "a JWT": "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
    "a signing secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "an address": "https://deploy:hunter2@host/x",
    "a mail address": "jane.doe+ci@acme.co.example",
}


@pytest.mark.parametrize("secret", SECRET.values(), ids=SECRET)
def test_a_secret_is_masked_within_a_text(secret):
    text = f"see {secret}, please"
    assert is_suspect(json.dumps(text))
    assert secret not in masked(text)
    assert "***" in masked(text)


@pytest.mark.parametrize("text", ["git@github.com:acme/shop.git", "3 @ 5", "a@b", "actions/checkout@v4", "key: value"])
def test_what_is_none_is_left(text):
    assert masked(text) == text


@pytest.mark.parametrize(
    "name",
    *[["api_token", "X-Api-Key", "password", "DB_PASS", "npm_auth", "accessKey", "GITHUB_PAT", "ssh_private", "dsn"]],
)
def test_what_is_named_like_a_secret_is_one(name):
    found = {"tags": {name: "abcdef", "team": "web"}}
    assert is_suspect(json.dumps(found))
    assert masked(found) == {"tags": {name: "***", "team": "web"}}


@pytest.mark.parametrize("text", ["a" * 500_000, "a." * 250_000, "@" * 500_000, "a@" * 250_000, "-----BEGIN " * 50_000])
def test_a_long_text_takes_no_long_time(text):
    assert masked(text)
