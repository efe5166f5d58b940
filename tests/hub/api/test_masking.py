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


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("deploy --password hunter2 --to prod", "deploy --password *** --to prod"),
        ("deploy --api-key=hunter2 x", "deploy --api-key=*** x"),
        ("deploy -db-pass 'two words' x", "deploy -db-pass *** x"),
        ("deploy --signing-key hunter2", "deploy --signing-key ***"),
        ("export DEPLOY_TOKEN=hunter2\nmake", "export DEPLOY_TOKEN=***\nmake"),
        ("SSH_KEY=hunter2 make", "SSH_KEY=*** make"),
        ("GET /?access_token=hunter2&page=2", "GET /?access_token=***&page=2"),
        ("curl -H 'Authorization: Bearer hunter2' x", "curl -H 'Authorization: ***' x"),
        ('{"password": "hunter2"}', '{"password": "***"}'),
        ("deploy --token-file /run/token --no-password --verbose", None),
        ("SyntaxError: unexpected token: foo", None),
        ("retries=3 --level debug", None),
    ],
)
@pytest.mark.parametrize("name", ["command", "output_tail", "message"])
def test_what_a_command_is_given_by_a_secrets_name_is_one(name, text, seen):
    found = {name: text}
    assert is_suspect(json.dumps(found)) or seen is None
    assert masked(found) == {name: seen or text}


def test_the_names_of_tests_stay_as_they_are():
    assert masked({"failed_tests": ["test_login[password=x]"]}) == {"failed_tests": ["test_login[password=x]"]}


@pytest.mark.parametrize(
    "text",
    [
        "a" * 500_000,
        "a." * 250_000,
        "@" * 500_000,
        "a@" * 250_000,
        "-----BEGIN " * 50_000,
        "--a " * 120_000,
        "a=" * 250_000,
        'token="' * 70_000,
    ],
)
def test_a_long_text_takes_no_long_time(text):
    assert masked({"output_tail": text, "title": text})
