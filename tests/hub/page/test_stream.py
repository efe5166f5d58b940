"""`/events` and `/ws`, as their clients have them."""

import json
from contextlib import closing
from http.client import HTTPConnection

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.hub.page.conftest import report
from tests.hubs import running_hub


def lines_until(answer, wanted):
    """What comes, up to a line that has this."""
    found = []
    while not found or wanted not in found[-1]:
        found.append(answer.readline().decode())
        assert found[-1], found
    return found


def test_both_tell_of_a_report_and_end_when_the_hub_stops(tmp_path):
    with running_hub(tmp_path) as hub, closing(HTTPConnection("127.0.0.1", hub.port, timeout=30)) as connection:
        connection.request("GET", "/events?state=failing")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.headers["x-accel-buffering"] == "no"
        lines_until(answer, "retry: ")
        with connect(f"ws://127.0.0.1:{hub.port}/ws?repository=acme/shop", open_timeout=30) as socket:
            hub.post(report(1, exit_code=1))
            assert json.loads(socket.recv(30))["run"]["status"] == "failure"
            assert any('class="card failing"' in line for line in lines_until(answer, "</hx-partial>"))
            assert hub.stop() == 0
            assert answer.read().decode().strip() == ""
            with pytest.raises(ConnectionClosed):
                socket.recv(30)
    assert "graceful shutdown exceeded" not in hub.log.read_text()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8750.evil.example"])
def test_a_page_of_another_site_does_not_listen(shop, origin):
    sent = shop.ask("GET", "/ws", {"Origin": origin}, type="websocket")
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_our_own_page_listens(shop):
    sent = shop.ask("GET", "/ws", {"Origin": "http://127.0.0.1:8750"}, type="websocket")
    assert sent[0] == {"type": "websocket.accept"}


@pytest.mark.parametrize("target", ["/events?state=nice", "/events?favourites=1&state=x"])
def test_a_filter_that_is_not_one_is_a_problem(shop, target):
    reply = shop.get(target)
    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")


def test_events_are_read_by_get_alone(shop):
    assert shop.ask("POST", "/events").status == 405


def test_who_has_an_id_of_before_is_told_to_read_all_again(shop):
    assert b"event: refresh" in shop.get("/events?since=abcdef12-3").body
    assert b"event: refresh" in shop.ask("GET", "/events", {"Last-Event-ID": "abcdef12-3"}).body
