"""Who gets what of a change."""

import json

from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.page.live.broadcast import Broadcast, Client, Form
from ci_reporter.hub.page.wall.cards import Filter
from tests.hub.page.conftest import make_card, make_cards


def shown(*statuses, **names):
    return make_cards(make_card(*statuses, **names)).all()[0]


def joined(broadcast, last_id=None, **more):
    client = Client(wanted=more.pop("wanted", Filter()), **more)
    broadcast.join(client, last_id)
    return client


def test_a_card_comes_as_a_fragment_with_its_number():
    broadcast = Broadcast()
    client = joined(broadcast)
    broadcast.publish(shown("failure"))
    lines = client.take().decode().splitlines()
    assert lines[0] == f"id: {broadcast.event_id}"
    assert lines[1].startswith('data: <hx-partial hx-target="#cards" hx-swap="card"><article class="card failing"')
    assert all(line.startswith("data: ") for line in lines[1:-1])


def test_all_clients_of_a_card_have_the_same_bytes():
    broadcast = Broadcast()
    one, other = joined(broadcast), joined(broadcast)
    broadcast.publish(shown())
    assert one.waiting[0] is other.waiting[0]


def test_a_card_that_the_filter_does_not_take_is_gone():
    broadcast = Broadcast()
    client = joined(broadcast, wanted=Filter(mood="failing"))
    card = shown("success")
    broadcast.publish(card)
    assert f'<span class="gone" id="{card.card_id}">'.encode() in client.take()


def test_a_repository_that_one_may_not_see_is_not_even_gone():
    broadcast = Broadcast()
    clients = [joined(broadcast, wanted=Filter(access=Access(patterns=("other/*",))), form=form) for form in Form]
    broadcast.publish(shown())
    assert [client.take() for client in clients] == [b"", b""]


def test_who_looks_at_a_run_is_told_of_that_run_alone():
    broadcast = Broadcast()
    client = joined(broadcast, run="run-0", wanted=Filter(repository="acme/shop"))
    broadcast.publish(shown(), "run-1")
    broadcast.publish(shown(repository="acme/other"), "run-0")
    assert client.take() == b""
    broadcast.publish(shown(), "run-0")
    assert b"event: changed\n" in client.take()


def test_a_program_gets_a_document():
    broadcast = Broadcast()
    client = joined(broadcast, form=Form.JSON)
    broadcast.publish(shown("failure"))
    found = json.loads(client.take())
    assert (found["id"], found["state"], found["repository"]) == (broadcast.event_id, "failing", "acme/shop")
    assert found["run"]["status"] == "failure"


def test_who_comes_back_gets_each_card_that_changed_as_it_is_now():
    broadcast = Broadcast()
    broadcast.publish(shown("success", repository="acme/a"))
    seen = broadcast.event_id
    broadcast.publish(shown("running", repository="acme/b"))
    broadcast.publish(shown("failure", repository="acme/b"))
    data = joined(broadcast, seen).take()
    assert data.count(b"<article") == 1
    assert b"failing" in data


def test_who_has_seen_all_gets_nothing():
    broadcast = Broadcast()
    broadcast.publish(shown())
    assert joined(broadcast, broadcast.event_id).take() == b""


def test_who_was_with_another_hub_reads_all_again():
    for last_id in ("abcdef12-3", "x", f"{Broadcast().event_id}9", "-", "1-" + "9" * 40):
        assert joined(Broadcast(), last_id).take() == b"event: refresh\ndata: reload\n\n"


def test_who_was_away_for_too_long_reads_all_again():
    broadcast = Broadcast()
    seen = broadcast.event_id
    card = shown()
    for _ in range(2001):
        broadcast.publish(card)
    assert joined(broadcast, seen).take() == b"event: refresh\ndata: reload\n\n"


def test_who_is_too_slow_reads_all_again_and_is_no_burden():
    broadcast = Broadcast()
    client = joined(broadcast)
    card = shown()
    for _ in range(200):
        broadcast.publish(card)
    broadcast.publish(card)
    assert client.take() == b"event: refresh\ndata: reload\n\n"


def test_who_hears_nothing_gets_a_sign_of_life():
    broadcast = Broadcast()
    client = joined(broadcast)
    broadcast.publish(shown())
    broadcast.tick()
    assert b"alive" not in client.take()
    broadcast.tick()
    assert client.take() == b": alive\n\n"


def test_who_has_left_is_told_nothing():
    broadcast = Broadcast()
    client = joined(broadcast)
    broadcast.leave(client)
    broadcast.publish(shown())
    assert (client.take(), len(broadcast)) == (b"", 0)
