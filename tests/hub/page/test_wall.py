"""The wall: which cards there are, in which order, for whom."""

import pytest

from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.page.live.broadcast import Broadcast
from ci_reporter.hub.page.view import Visit
from ci_reporter.hub.page.views.wall import wall
from ci_reporter.hub.page.wall.card import Mood, Place
from ci_reporter.hub.page.wall.cards import Filter
from ci_reporter.hub.problem import Problem
from tests.hub.page.conftest import HOSTILE, make_card, make_cards


def page(cards, cookies=None, access=None, **query):
    visit = Visit(path="/", query=query, cookies=cookies or {}, access=access or Access(), origin="http://hub.example")
    return wall(cards, Broadcast()).in_memory(visit).body


@pytest.mark.parametrize(
    ("statuses", "mood"),
    [
        (["success", "failure"], Mood.PASSING),
        (["failure", "success"], Mood.FAILING),
        (["timeout"], Mood.FAILING),
        (["error"], Mood.FAILING),
        (["cancellation", "failure", "success"], Mood.FAILING),
        (["skip", "success"], Mood.PASSING),
        (["running", "success"], Mood.RUNNING),
        (["queued"], Mood.RUNNING),
        (["running", "failure"], Mood.FAILING),
        (["cancellation"], Mood.UNKNOWN),
        (["unknown", "success"], Mood.UNKNOWN),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_the_mood_of_a_card(statuses, mood):
    assert make_card(*statuses).mood is mood


def test_what_fails_stands_first_then_what_runs_then_by_name():
    cards = make_cards(
        make_card("success", repository="acme/a"),
        make_card("success", repository="acme/b"),
        make_card("running", repository="acme/c"),
        make_card("failure", repository="acme/d"),
    )
    order = [each.card.place.repository for each in cards.all()]
    assert order == ["acme/d", "acme/c", "acme/a", "acme/b"]


def test_a_run_is_a_bar_that_leads_to_its_page():
    body = page(make_cards(make_card("success", "failure")))
    assert body.count("<rect") == 2
    assert '<a href="/runs/run-1?repository=acme%2Fshop"' in body
    assert "<title>failed · 1 min 00 s · 2026-05-28 19:26 UTC · c0ffee0000</title>" in body
    assert "Last 2 runs, newest last: failed, passed" in body


def test_a_card_has_at_most_ten_bars():
    assert page(make_cards(make_card(*["success"] * 10))).count("<rect") == 10


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"words": ("SHOP".lower(), "main")}, ["acme/shop"]),
        ({"repository": "acme/cart"}, ["acme/cart"]),
        ({"environment": "production"}, ["acme/cart"]),
        ({"mood": "failing"}, ["acme/cart"]),
        ({"words": ("nothing",)}, []),
        ({"access": Access(patterns=("*/shop",))}, ["acme/shop"]),
        ({"ids": frozenset({Place("acme/shop", "CI", "main").card_id})}, ["acme/shop"]),
    ],
    ids=str,
)
def test_a_filter(asked, expected):
    cards = make_cards(make_card(), make_card("failure", repository="acme/cart", environment="production"))
    assert [each.card.place.repository for each in cards.select(Filter(**asked))] == expected


def test_counts_say_how_many_of_each_state_a_search_has():
    cards = make_cards(make_card("failure"), make_card(branch="release/1"), make_card(repository="acme/cart"))
    body = page(cards, q="shop")
    assert '<b id="count-all">2</b>' in body
    assert '<b id="count-failing">1</b>' in body


def test_a_filter_stays_when_the_state_is_changed():
    assert 'href="/?q=shop&amp;state=failing"' in page(make_cards(make_card("failure")), q="shop")


def test_who_may_not_see_a_repository_does_not_see_that_it_is_there():
    body = page(make_cards(make_card(repository="acme/secret")), access=Access(patterns=("acme/shop",)))
    assert "secret" not in body
    assert "No run has been reported yet" in body


def test_an_empty_wall_says_how_to_send_the_first_report():
    body = page(make_cards())
    assert "ci-reporter run --name unit --hub http://hub.example -- true" in body


def test_a_filter_that_hides_all_says_so():
    assert "One card is hidden by the filter." in page(make_cards(make_card()), q="nothing")


def test_a_large_wall_has_pages():
    cards = make_cards(*(make_card(repository=f"acme/r{at:03}") for at in range(130)))
    first, second = page(cards), page(cards, page="2")
    assert first.count("<article") == 120
    assert 'href="/?page=2"' in first
    assert second.count("<article") == 10


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "x"}, {"page": "٣"}, {"state": "nice"}], ids=str)
def test_a_filter_that_is_not_one_is_refused(query):
    with pytest.raises(Problem):
        page(make_cards(), **query)


def test_favourites_are_marked_and_can_be_seen_alone():
    cards = make_cards(make_card(), make_card(repository="acme/cart"))
    cookies = {"favourites": Place("acme/cart", "CI", "main").card_id}
    assert page(cards, cookies).count('aria-pressed="true"') == 1
    assert "acme/shop" not in page(cards, cookies, favourites="1")


def test_a_screen_on_the_wall_has_cards_and_counts_alone():
    body = page(make_cards(make_card("failure")), wall="1")
    assert '<body class="tv">' in body
    assert "<form id" not in body


def test_a_theme_that_was_chosen_is_there_from_the_start():
    assert '<html lang="en" data-theme="dark">' in page(make_cards(), {"theme": "dark"})
    assert '<html lang="en">' in page(make_cards(), {"theme": '"><script>'})


def test_cards_of_before_say_so():
    cards = make_cards(make_card())
    cards.stale = "the database cannot be read; as of 14:02:00 UTC"
    assert '<p class="stale" role="alert">The database cannot be read; as of 14:02:00 UTC.</p>' in page(cards)


def test_names_of_others_are_text():
    body = page(make_cards(make_card(repository=HOSTILE, branch=HOSTILE, pipeline=HOSTILE)))
    assert "<script>alert" not in body and "<img" not in body
    assert "\x1b" not in body and "\u202e" not in body


def test_two_places_have_two_ids():
    assert Place("a", "b", "c").card_id != Place("a", "bc", "").card_id
