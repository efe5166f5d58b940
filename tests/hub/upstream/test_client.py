"""An upstream that misbehaves: each way is one sentence, harms nobody, and never gives the token away."""

from __future__ import annotations

import time

import pytest
from aiohttp import web

from ci_reporter.hub.upstream.budget import Budget
from ci_reporter.hub.upstream.fields import branch_of, change_of, moment_ms, ref, sha
from ci_reporter.hub.upstream.problems import LimitedError, RefusedError, UpstreamError
from ci_reporter.hub.upstream.state import State
from tests.fakes.github import FakeGitHub
from tests.fakes.server import half_a_body, login_page, once, serving, slow_drip, status
from tests.hub.upstream.watching import asynchronous, watching

NOW = time.time() - 600


@pytest.fixture
def fake():
    found = FakeGitHub()
    found.add("acme/shop", 1, "success", NOW)
    return found


WRONG = {
    "a login page": (login_page, "answered with a web page .Sign in · Acme., not with JSON: is it a login page"),
    "not JSON": (status(200, "{"), "answered with something that is not JSON"),
    "another document": (status(200, '{"workflow_runs": 5}'), "did not answer with a list of objects"),
    "a list of texts": (status(200, '{"workflow_runs": ["x"]}'), "did not answer with a list of objects"),
    "nested": (status(200, "[" * 100_000), "answered with something that is not JSON"),
    "a run without an id": (
        status(200, '{"workflow_runs": [{"updated_at": "2999-01-01T00:00:00Z"}]}'),
        "without an id",
    ),
    "elsewhere": (
        status(302, headers={"Location": "https://evil.example/x"}),
        "redirects to https://evil.example, where",
    ),
    "in a circle": (status(302, headers={"Location": "/api/v3/x"}), "redirects in a circle"),
    "slow": (slow_drip, "did not answer in time"),
    "down": (status(503), "answered 503"),
    "broken off": (half_a_body, "its answer broke off"),
    "too large": (status(200, "x" * 5000), "sent more than 4 KiB"),
}


@asynchronous
@pytest.mark.parametrize(("fault", "said"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_one_sentence(fake, fault, said):
    fake.faults.append(fault)
    async with watching(fake, "github", timeout="300ms") as hub:
        hub.upstream.client.largest_bytes = 4096 if "sent more" in said else 1_000_000
        with pytest.raises(UpstreamError, match=said) as raised:
            await hub.look()
    assert str(raised.value).startswith("github at 127.0.0.1:")
    assert fake.token not in str(raised.value)


@asynchronous
@pytest.mark.parametrize("fault", [status(502), half_a_body], ids=["502", "half a body"])
async def test_what_passes_is_tried_again_at_once(fake, fault):
    fake.faults.append(once(fault))
    async with watching(fake, "github") as hub:
        assert await hub.look() == {"1.1": "success"}


@asynchronous
async def test_a_refusal_is_not_tried_again(fake):
    fake.faults.append(status(422, '{"message": "no"}'))
    async with watching(fake, "github") as hub:
        with pytest.raises(RefusedError, match="answered 422: no"):
            await hub.look()
    assert len(fake.asked) == 1


@asynchronous
async def test_a_token_that_was_revoked_is_named_by_its_place(fake):
    async with watching(fake, "github") as hub:
        await hub.look()
        fake.token = "another-token-than-ours"
        with pytest.raises(RefusedError, match=r"401: Bad credentials \(is token_env: T still the right one\?\)"):
            await hub.look()


@asynchronous
async def test_a_redirect_on_the_same_host_is_followed(fake):
    async def moved(request):
        if request.path.startswith("/api/v3/repos/acme/shop/"):
            return None
        return web.Response(status=301, headers={"Location": "/api/v3/repos/acme/shop/actions/runs?per_page=100"})

    fake.faults.append(moved)
    async with watching(fake, "github") as hub:
        assert await hub.look("acme/was-shop") == {"1.1": "success"}


@asynchronous
async def test_a_host_that_is_not_there_is_said(fake):
    async with watching(fake, "github") as hub:
        pass
    async with serving(fake):
        pass
    async with watching(FakeGitHub(), "github") as hub:
        hub.upstream.client._base = fake.url
        hub.upstream.client._origin = ("http", fake.url[7:])
        with pytest.raises(UpstreamError, match=r"cannot reach github at 127.0.0.1:.*: connection refused"):
            await hub.look()


@asynchronous
async def test_over_the_limit_nothing_more_is_sent_until_it_is_whole_again(fake):
    fake.remaining, fake.reset_s = 0, 100.0
    async with watching(fake, "github") as hub:
        with pytest.raises(
            LimitedError, match=r"wants no more requests for 1[0-9]+ s: API rate limit exceeded"
        ) as raised:
            await hub.look()
        with pytest.raises(LimitedError, match="used up but for the reserve"):
            await hub.look()
    assert 95 < raised.value.wait_s < 105
    assert (len(fake.asked), "ann@acme" in str(raised.value)) == (1, False)


@asynchronous
async def test_the_reserve_is_left_to_others(fake):
    fake.limit, fake.remaining = 100, 22
    async with watching(fake, "github", reserve="20%") as hub:
        await hub.look()
        fake.add("acme/shop", 2, "success", NOW + 9)
        with pytest.raises(LimitedError, match="the rate limit is used up but for the reserve"):
            await hub.look()
    assert fake.remaining == 20


@asynchronous
async def test_a_clock_that_is_wrong_changes_no_wait(fake):
    fake.remaining, fake.reset_s, fake.skew_s = 0, 100.0, -3 * 3600.0
    async with watching(fake, "github") as hub:
        with pytest.raises(LimitedError) as raised:
            await hub.look()
    assert 95 < raised.value.wait_s < 105


def test_who_says_no_date_and_no_wait_is_left_alone_longer_each_time():
    budget = Budget(0.1)
    assert [budget.refuse({}, 0.0) for _ in range(3)] == [60.0, 120.0, 240.0]
    budget.note({"x-ratelimit-remaining": "10", "x-ratelimit-limit": "20"}, 1000.0)
    assert (budget.refuse({}, 1000.0), budget.wait_s(1030.0)) == (60.0, 30.0)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:47 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"}, 10.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30.0),
        ({"retry-after": "nonsense"}, 60.0),
        ({"retry-after": "99999999"}, 21600.0),
    ],
)
def test_how_long_to_wait_is_in_the_headers(headers, wait_s):
    assert Budget(0.1).refuse(headers, 0.0) == wait_s


@pytest.mark.parametrize(
    "name",
    [
        *("", "@", "a..b", "-x", ".x", "x.", "x/", "a//b", "a b", "a\tb", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b"),
        *("x.lock", "x.lock/y", "a/.b", "a@{1}", "\x7f", "x" * 300, None, 5),
    ],
)
def test_what_git_does_not_take_as_a_ref_is_none(name):
    assert ref(name) is None


def test_refs_are_told_apart():
    assert [branch_of(each) for each in ("main", "refs/heads/a/b", "refs/tags/v1", "refs/pull/1/head")] == [
        *("main", "a/b", None, None)
    ]
    assert [change_of(each) for each in ("refs/pull/1/merge", "refs/merge-requests/7/head", "main", None)] == [
        *("1", "7", None, None)
    ]
    assert [sha(each) for each in ("a" * 40, "A" * 40, "a" * 39, None)] == ["a" * 40, None, None, None]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "soon", "9" * 50, None, 5])
def test_a_time_that_is_none_is_none(text):
    assert moment_ms({"at": text}, "at") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cursor": "x"}', '{"known": 5}'])
def test_a_state_that_cannot_be_read_is_a_target_that_was_never_looked_at(text):
    assert State.from_json(text) == State()
