"""The hub's configuration file: what is written is what holds, and each mistake is one sentence with its line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.hub.settings.auth import AUTH_KEYS, JWT_KEYS
from ci_reporter.hub.settings.hubfile import Settings, load, parse
from ci_reporter.hub.settings.poll import POLL_KEYS, SOURCE_KEYS, Provider
from ci_reporter.hub.settings.tokens import Token, TokenSource

SHOP = """
poll:
  interval: 2m
  targets:
    - provider: github
      repositories: [acme/shop, acme/api-*]
      exclude: acme/api-old
      branches: [main, release/*]
      token_env: GITHUB_TOKEN
"""


def poll(text):
    return parse(text.encode(), "hub.yml").poll


def target(**more):
    """The one source of a file whose target has these keys."""
    keys = {"provider": "github", "repositories": "acme/shop", **more}
    lines = "".join(f"      {name}: {value}\n" for name, value in keys.items())
    return poll(f"poll:\n  targets:\n    -\n{lines}").sources[0]


def test_a_target_is_what_is_written():
    source = poll(SHOP).sources[0]
    assert (source.provider, source.url, source.host) == (Provider.GITHUB, "https://api.github.com", "api.github.com")
    assert (source.repositories, source.exclude) == (("acme/shop", "acme/api-*"), ("acme/api-old",))
    assert (source.branches, source.interval_s, source.token) == (
        ("main", "release/*"),
        120.0,
        Token(env="GITHUB_TOKEN"),
    )


def test_a_file_is_read(tmp_path):
    (tmp_path / "hub.yml").write_text(SHOP)
    assert load(str(tmp_path / "hub.yml")).poll == poll(SHOP)


def test_nothing_written_is_nothing_polled():
    assert parse(b"# poll:\n", "hub.yml") == Settings(path="hub.yml")


def test_a_section_of_another_room_is_handed_on():
    settings = parse(b"alerts:\n  - if: x\n", "hub.yml")
    assert settings.section("alerts").line == 1
    assert settings.section("silences") is None
    with pytest.raises(KeyError):
        settings.section("alert")


@pytest.mark.parametrize(
    ("provider", "url", "api"),
    [
        ("github", "https://github.com", "https://api.github.com"),
        ("github", "https://ghe.example", "https://ghe.example/api/v3"),
        ("gitlab", "https://gitlab.example/", "https://gitlab.example/api/v4"),
        ("gitlab", "https://example/git/api/v4", "https://example/git/api/v4"),
        ("gitea", "http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v1"),
        ("jenkins", "https://example/jenkins", "https://example/jenkins"),
    ],
)
def test_the_api_is_found_from_the_address_of_the_pages(provider, url, api):
    assert target(provider=provider, url=url).url == api


WRONG = {
    "an unknown section": ("pol: {}", "hub.yml line 1: unknown key 'pol' (perhaps you meant 'poll')"),
    "an unknown key": (SHOP + "      branch: main\n", "line 10: unknown key 'branch' (perhaps you meant 'branches')"),
    "no provider": ("poll: {targets: [{repositories: a/b}]}", "a target has no provider: (write provider: github)"),
    "no repositories": ("poll: {targets: [{provider: github}]}", "a target has no repositories: (write repositories:"),
    "a provider": (
        "poll: {targets: [{provider: githab, repositories: a}]}",
        "provider: 'githab' is not known (perhaps you meant",
    ),
    "no address": ("poll: {targets: [{provider: gitea, repositories: a}]}", "a target at gitea has no url:"),
    "too often": ("poll: {interval: 5s}", "interval: '5s' is below 10s, the least"),
    "no unit": ("poll: {interval: 60}", "interval: '60' has no unit (write 60s, 60m, 60h or 60d)"),
    "a path upwards": ("poll: {targets: [{provider: github, repositories: a/../b}]}", "'a/../b' is not a repository"),
    "no branch": (SHOP.replace("main,", "a..b,"), "branches: 'a..b' is not a name that a branch can have"),
    "no branch, reflog": (SHOP.replace("main,", "'a@{1}',"), "is not a name that a branch can have"),
    "a token": (
        SHOP.replace("GITHUB_TOKEN", "ghp_0123456789abcdef"),
        "this is a token, and not the name of a variable",
    ),
    "not a variable": (SHOP.replace("GITHUB_TOKEN", "a-b"), "expected the name of a variable"),
    "two tokens": (SHOP + "      token_file: /x\n", "token_env is on line 9, and one of the two is enough"),
    "a user": ("poll: {targets: [{provider: gitlab, url: 'https://a:b@c', repositories: a}]}", "has a user in it"),
    "a name": (SHOP + "      username: x\n", "only Jenkins wants a name"),
    "no share": (SHOP + "      reserve: 0.5\n", "reserve: '0.5' has no %"),
    "too many at once": (SHOP + "      concurrency: 99\n", "concurrency: '99' is not a number from 1 to 32"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_sentence_with_its_line(text, said):
    with pytest.raises(UsageError) as raised:
        poll(text)
    assert said in str(raised.value)
    assert str(raised.value).startswith("hub.yml line ")


def test_a_token_in_the_file_is_not_repeated():
    with pytest.raises(UsageError) as raised:
        poll(SHOP.replace("GITHUB_TOKEN", "ghp_0123456789abcdef"))
    assert "ghp_0123" not in str(raised.value)


@pytest.mark.parametrize("text", ["short", "has a space in it", "a" * 1025, "dots…and-more"])
def test_a_token_that_cannot_be_one_is_refused_before_any_request(text):
    with pytest.raises(UsageError, match="token_env: T: the token has") as raised:
        TokenSource(Token(env="T"), {"T": text})
    assert text not in str(raised.value)


def test_a_variable_that_is_not_set_is_said():
    with pytest.raises(UsageError, match=r"the variable T is not set .set it, or T_FILE"):
        Token(env="T").read({})


def test_a_token_is_replaced_without_a_restart(tmp_path):
    path, now_s = tmp_path / "token", [0.0]
    path.write_text("the-first-token\n")
    source = TokenSource(Token(file=str(path)), {}, clock=lambda: now_s[0])
    assert source.current() == "the-first-token"
    (tmp_path / "new").write_text("the-second-token\n")
    os.replace(tmp_path / "new", path)
    now_s[0] = 2.0
    assert (source.current(), source.problem) == ("the-second-token", "")


def test_a_token_that_was_replaced_by_nonsense_stays(tmp_path):
    path, now_s = tmp_path / "token", [0.0]
    path.write_text("the-first-token\n")
    source = TokenSource(Token(env="T"), {"T_FILE": str(path)}, clock=lambda: now_s[0])
    path.write_text("no\n")
    now_s[0] = 2.0
    assert source.current() == "the-first-token"
    assert "the token has 2 characters" in source.problem


PAGE = (Path(__file__).parents[3] / "docs/reference/hub-configuration.md").read_text()


def test_the_reference_page_shows_a_file_that_holds():
    example = re.search(r"```yaml[^\n]*\n(.*?)```", PAGE, re.S)[1]
    assert [each.provider for each in poll(example).sources] == ["github", "gitlab"]


@pytest.mark.parametrize(
    ("heading", "keys"),
    [("auth", AUTH_KEYS), ("auth.jwt", JWT_KEYS), ("poll", POLL_KEYS), ("poll.targets", SOURCE_KEYS)],
)
def test_the_reference_page_has_every_key(heading, keys):
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", part, re.M)) == set(keys)
