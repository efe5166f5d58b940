"""Tokens: their form, and what the database has of them."""

from __future__ import annotations

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.hub.api.masking import mask_text
from ci_reporter.hub.auth import secret, tokens
from ci_reporter.hub.auth.access import Scope
from ci_reporter.hub.store.sqlite.store import SqliteStore


def make(store, name="grafana"):
    return tokens.create(store, tokens.Wanted(name, [Scope.READ], ["acme/*"], None), 1000)


def test_a_token_is_known_by_its_form():
    made = {secret.new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(secret.is_token(each) and len(each) == 53 for each in made)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t.lower(), lambda t: t[::-1]])
def test_a_mistyped_token_is_none(change):
    assert not secret.is_token(change("crh_" + "aB3" * 14 + "x" + secret._checksum("aB3" * 14 + "x")))


def test_one_letter_that_is_wrong_is_seen():
    made = secret.new_token()
    wrong = made[:10] + ("a" if made[10] != "a" else "b") + made[11:]
    assert not secret.is_token(wrong)


def test_the_database_has_a_hash_alone(tmp_path):
    store = SqliteStore(str(tmp_path / "hub.db"))
    _, made = make(store)
    assert tokens.find(store, secret.digest(made)).name == "grafana"
    store.close()
    assert made.encode() not in (tmp_path / "hub.db").read_bytes()


def test_two_valid_tokens_do_not_share_a_name(store):
    make(store)
    with pytest.raises(UsageError, match="there is a token named 'grafana'"):
        make(store)
    tokens.revoke(store, "grafana", 2000)
    assert make(store)


def test_a_token_is_revoked_by_its_id_once(store):
    token, _ = make(store)
    assert (tokens.revoke(store, token.token_id, 2000), tokens.revoke(store, "grafana", 3000)) == (["grafana"], [])


def test_the_last_use_never_goes_back(store):
    token, _ = make(store)
    for used_ms in (5000, 4000):
        tokens.keep_last_uses(store, {token.token_id: used_ms})
    assert tokens.every(store)[0].used_ms == 5000


def test_a_token_in_an_answer_is_masked():
    assert mask_text(f"curl -H 'Authorization: Bearer {secret.new_token()}'") == "curl -H 'Authorization: Bearer ***'"
