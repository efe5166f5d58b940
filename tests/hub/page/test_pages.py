"""Every page of a hub with runs: it is there, safe, and has what people look for."""

import re
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from ci_reporter.hub.page.endpoint import CSP
from tests.hub.page.conftest import HOSTILE, REVISION

PAGES = {
    "wall": "/",
    "screen": "/?wall=1",
    "run": "/runs/github-2-1?repository=acme/shop",
    "run that failed a gate": "/runs/deploy-1",
    "pipeline": "/pipelines?repository=acme/shop&pipeline=CI&branch=main",
    "all runs": "/pipelines",
    "compare": "/compare?base=github-1-1&head=github-2-1&repository=acme/shop",
    "tests": "/tests",
    "flaky tests": "/tests?order=flaky",
    "test": "/tests/history?name=test_cart",
    "deployments": "/deployments",
    "trends": "/trends?days=7&bucket=hour",
    "hostile run": "/runs/evil",
    "hostile test": f"/tests/history?name={quote(HOSTILE)}",
    "hostile search": f"/?q={quote(HOSTILE)}",
    "sign-in": "/login",
}


class Reader(HTMLParser):
    """What a page has: tags, addresses, handlers, styles, text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.inline, self.text, self.ids = [], [], [], "", []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._tag = tag
        self.tags.append(tag)
        given = dict(attrs)
        self.addresses += [given[name] for name in ("href", "src", "action", "srcset", "hx-get") if name in given]
        self.inline += [name for name in given if name.startswith(("on", "hx-on")) or name == "style"]
        self.inline += ["script"] if tag == "script" and "src" not in given else []
        self.ids += [given["id"]] if "id" in given else []

    def handle_data(self, data):
        self.text += data


def read(site, path):
    reply = site.get(path)
    assert reply.status == 200, reply.body
    return Reader(reply.body.decode())


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_loads_from_us_alone_and_has_nothing_inline(shop, path):
    reply = shop.get(path)
    assert reply.status == 200, reply.body
    assert reply.headers["x-content-type-options"] == "nosniff"
    found = Reader(reply.body.decode())
    ours = re.compile(r"(/(?!/)|#|https://github\.com/acme/shop/actions/runs/\d+$)")
    assert [each for each in found.addresses if not ours.match(each)] == []
    assert (found.inline, {"style", "iframe", "object", "img"} & set(found.tags)) == ([], set())
    assert len(found.ids) == len(set(found.ids))


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_what_others_wrote_is_text(shop, path):
    body = shop.get(path).body.decode()
    assert "<script>alert" not in body
    assert "javascript:" not in body
    assert "\x1b" not in body and "\u202e" not in body


def test_the_policy_lets_nothing_inline_or_from_elsewhere_run(shop):
    assert shop.get("/").headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP and "http" not in CSP


def test_a_run_says_first_which_tests_failed(shop):
    text = read(shop, PAGES["run"]).text
    order = ["failed", "github-2-1", "Failed tests", "test_cart", "1 is not 2", "What ran when", "Steps", "last words"]
    places = [text.find(each) for each in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places, strict=True))


def test_a_run_says_how_its_coverage_changed(shop):
    assert "89.5 % -0.5" in " ".join(read(shop, PAGES["run"]).text.split())


def test_a_run_that_only_its_ci_system_tells_of_has_a_page(shop):
    text = read(shop, "/runs/github-5-1").text
    assert "Never reported" in text
    assert "No step of this run has been reported: what is known comes from the CI system." in text


def test_a_pipeline_has_all_its_runs_newest_first(shop):
    found = [each for each in read(shop, PAGES["pipeline"]).addresses if each.startswith("/runs/")]
    rows = [each.partition("?")[0] for each in found[-3:]]  # behind the chart's, which are oldest first
    assert rows == ["/runs/github-2-1", "/runs/github-1-1", "/runs/github-5-1"]


def test_a_run_has_the_verdict_of_its_gate_with_its_chart(shop):
    body = shop.get("/runs/deploy-1").body.decode()
    assert "Before and after the deploy: p95 46 ms, then 363 ms" in body


def test_a_test_leads_to_the_runs_that_named_it(shop):
    assert "/runs/github-2-1?repository=acme%2Fshop" in read(shop, PAGES["test"]).addresses


def test_deployments_say_what_is_where(shop):
    text = " ".join(read(shop, "/deployments").text.split())
    assert "acme/shop production No deployment that went well is known." in text
    assert REVISION[:10] in text


def test_deployments_that_a_ci_system_tells_of_are_there_too(shop):
    text = " ".join(read(shop, "/deployments?repository=acme/shop").text.split())
    assert f"acme/shop staging {REVISION[:10]} since" in text
    assert "by grace · main" in text
    assert "acme/cart" not in text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/runs/none", 404), ("/runs/", 404), ("/compare", 400), ("/tests?order=x", 400), ("/trends?days=5", 400)],
)
def test_what_cannot_be_shown_is_a_page_that_says_why(shop, path, status):
    reply = shop.get(path)
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "Back to the wall" in reply.body.decode()


def test_a_page_is_read_by_get_alone(shop):
    assert shop.ask("DELETE", "/").status == 405


def test_a_wall_without_script_comes_again_by_itself(shop):
    assert b'<noscript><meta http-equiv="refresh" content="30"></noscript>' in shop.get("/").body


def test_a_page_is_zipped_where_that_is_taken(shop):
    assert shop.ask("GET", "/", {"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_a_theme_and_favourites_are_chosen_without_script(shop):
    reply = shop.post_form("/preferences", theme="dark", back="/tests?order=flaky")
    assert (reply.status, reply.headers["location"]) == (303, "/tests?order=flaky")
    assert reply.headers["set-cookie"].startswith("theme=dark; Path=/;")
    marked = shop.post_form("/preferences", {"Cookie": "favourites=c1.c2"}, card="c1", back="/")
    assert marked.headers["set-cookie"].startswith("favourites=c2; ")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\r\nX: y", ""])
def test_no_form_leads_away(shop, back):
    assert shop.post_form("/preferences", theme="dark", back=back).headers["location"] == "/"


def test_page_is_not_zipped_for_who_refuses_gzip(shop):
    reply = shop.ask("GET", "/", {"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in reply.headers
