"""`/api/v1/silences`, called in process."""

from __future__ import annotations

import asyncio
import json

import pytest

from ci_reporter.hub.api.silences import PATH, SilencesApi
from ci_reporter.hub.auth.access import ACCESS, Access, Scope
from ci_reporter.hub.silences.silence import Silences

NOW_S = 1_780_000_000.0
ONCALL = Access(name="ada", scopes=frozenset({Scope.READ, Scope.SILENCE}))
GOOD = {"matchers": ["repository=acme/shop"], "duration": "2h", "comment": "moving house"}


class Endpoint:
    """The endpoint and its clock."""

    def __init__(self, store) -> None:
        self.now_s = NOW_S
        self._api = SilencesApi(Silences(store), lambda: self.now_s)

    def __call__(self, method, path=PATH, given=None, access=ONCALL, kind=b"application/json"):
        body = given if isinstance(given, bytes) else json.dumps(given).encode()
        sent = []

        async def receive():
            return {"type": "http.request", "body": body}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": [(b"content-type", kind)], ACCESS: access}
        asyncio.run(self._api(scope, receive, send))
        return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def ask(store):
    return Endpoint(store)


def test_a_silence_is_added_listed_and_ended(ask):
    status, made = ask("POST", given=GOOD)
    assert (status, made["state"], made["author"]) == (201, "active", "ada")
    assert made["ends_at"] == "2026-05-28T22:26:40.000Z"
    assert ask("GET")[1]["items"] == [made]
    status, ended = ask("DELETE", f"{PATH}/{made['silence_id']}")
    assert (status, ended["state"]) == (200, "expired")
    assert ask("GET")[1]["items"] == [ended]


def test_a_silence_ends_by_itself(ask):
    ask("POST", given=GOOD)
    ask.now_s += 7200
    assert ask("GET")[1]["items"][0]["state"] == "expired"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"matchers": "repository=acme/shop"}, "matchers is a list of texts"),
        ({"matchers": ["nonsense"]}, "is not a matcher"),
        ({"matchers": ["branch=~.*"]}, "mean every alert"),
        ({"matchers": []}, "between 1 and 20 matchers"),
        ({"comment": " "}, "a comment of 1 to 500 characters"),
        ({"duration": "soon"}, "duration is not a duration"),
        ({"ends_at": "2026-06-01T00:00:00Z"}, "either ends_at or duration"),
        ({"duration": "400d"}, "a year at most"),
        ({"starts_at": "yesterday"}, "is not a time such as"),
        ({"colour": "red"}, "'colour' is not known"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_not_a_silence_is_said(ask, changes, reason):
    status, problem = ask("POST", given=GOOD | changes)
    assert status == 400
    assert reason in problem["detail"]
    assert ask("GET")[1]["items"] == []


def test_one_that_has_ended_already_is_refused(ask):
    given = {name: value for name, value in GOOD.items() if name != "duration"} | {"ends_at": "2026-01-01T00:00:00Z"}
    assert ask("POST", given=given)[0] == 400


def test_who_may_only_read_silences_nothing(ask):
    _, made = ask("POST", given=GOOD)
    reader = Access(name="bob")
    assert ask("POST", given=GOOD, access=reader)[0] == 403
    assert ask("DELETE", f"{PATH}/{made['silence_id']}", access=reader)[0] == 403
    assert ask("GET", access=reader)[0] == 200
    assert ask("GET", access=None)[0] == 401


def test_who_sees_some_repositories_silences_these_alone(ask):
    _, made = ask("POST", given=GOOD)
    web = Access(name="web", scopes=ONCALL.scopes, patterns=("acme/web*",))
    assert ask("GET", access=web)[1]["items"] == []
    assert ask("DELETE", f"{PATH}/{made['silence_id']}", access=web)[0] == 404
    assert ask("POST", given=GOOD, access=web)[0] == 403
    assert ask("POST", given=GOOD | {"matchers": ["branch=main"]}, access=web)[0] == 403
    assert ask("POST", given=GOOD | {"matchers": ["repository=acme/web-2"]}, access=web)[0] == 201


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [(b"text/plain", b"{}", 415), (b"application/json", b"{", 400), (b"application/json", b"[" * 20_000, 413)],
    ids=["form", "not JSON", "large"],
)
def test_what_is_not_json_is_refused(ask, kind, body, status):
    assert ask("POST", given=body, kind=kind)[0] == status


def test_other_methods_are_refused(ask):
    assert ask("PUT")[0] == 405
    assert ask("GET", f"{PATH}/1")[0] == 405
