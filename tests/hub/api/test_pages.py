"""Lists page by page: nothing twice, nothing left out, whatever comes in between."""

from __future__ import annotations

import base64
import json

import pytest


@pytest.mark.parametrize("path", ["/runs", "/steps", "/series", "/pipelines", "/gates", "/coverage"])
def test_all_pages_together_are_the_whole(shop, path):
    whole = shop.items(f"{path}?per_page=100")
    assert shop.items(f"{path}?per_page=7") == whole
    assert len({json.dumps(each) for each in whole}) == len(whole) > 0


def test_a_page_names_the_next_one(shop):
    reply = shop.get("/steps?branch=main&per_page=3")
    assert reply.headers["link"] == f'<?branch=main&per_page=3&cursor={reply.json["next_cursor"]}>; rel="next"'


def test_the_last_page_names_none(shop):
    reply = shop.get("/gates")
    assert reply.json["next_cursor"] is None
    assert "link" not in reply.headers


@pytest.mark.parametrize("path", ["/steps", "/runs"])
def test_what_comes_in_between_moves_nothing(hub, make_flat, path):
    hub.add(*(make_flat(number, ago_s=100 - number) for number in range(6)))
    first = hub.get(f"{path}?per_page=3").json
    hub.add(make_flat(10), make_flat(11, ci_run_id="run-1", step="late"))
    second = hub.get(f"{path}?per_page=3&cursor={first['next_cursor']}").json
    assert [each["ci_run_id"] for each in first["items"]] == ["run-5", "run-4", "run-3"]
    assert [each["ci_run_id"] for each in second["items"]] == ["run-2", "run-1", "run-0"]


def test_reports_of_one_millisecond_are_told_apart(hub, make_flat):
    hub.add(*(make_flat(number) for number in range(9)))
    assert [each["report_id"] for each in hub.items("/steps?per_page=2")] == [f"r{n:04d}" for n in range(8, -1, -1)]
    assert [each["ci_run_id"] for each in hub.items("/runs?per_page=2")] == [f"run-{n}" for n in range(8, -1, -1)]


def test_a_cursor_of_another_list_is_refused(shop):
    cursor = shop.get("/steps?branch=main&per_page=3").json["next_cursor"]
    assert shop.get(f"/steps?branch=main&per_page=50&cursor={cursor}").status == 200
    reply = shop.get(f"/steps?branch=other&cursor={cursor}")
    assert (reply.status, reply.json["field"]) == (400, "cursor")


CHECKSUM = json.loads(base64.b64decode("WyI0ZjUzY2RhMSJd"))[0]  # of a list without filters
ALIEN = {
    "rubbish": "x",
    "not ASCII": "%C3%A4",
    "an object": "e30",
    "a number": "MQ",
    "deep": base64.b64encode(b"[" * 2000).decode(),
    "other values": base64.b64encode(json.dumps([CHECKSUM, "a", 1]).encode()).decode(),
    "a huge number": base64.b64encode(json.dumps([CHECKSUM, 2**70, "a"]).encode()).decode(),
    "half a character": base64.b64encode(json.dumps([CHECKSUM, 1, "\ud800"]).encode()).decode(),
    "too long": "A" * 5000,
}


@pytest.mark.parametrize("path", ["/steps", "/series"])
@pytest.mark.parametrize("cursor", ALIEN.values(), ids=ALIEN)
def test_a_cursor_that_we_did_not_make_is_refused(shop, cursor, path):
    reply = shop.get(f"{path}?cursor={cursor}")
    assert (reply.status, reply.json["field"]) == (400, "cursor")
