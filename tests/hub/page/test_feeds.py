"""What other programs show of the wall."""

from xml.etree import ElementTree

import pytest

from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.page.view import Visit
from ci_reporter.hub.page.views.feeds import views
from ci_reporter.hub.problem import Problem
from tests.hub.page.conftest import HOSTILE, make_card, make_cards

ATOM = "{http://www.w3.org/2005/Atom}"


def get(path, *cards, name="", access=None, **query):
    view = next(each for each in views(make_cards(*cards)) if each.path == path)
    visit = Visit(path=path, names={"name": name}, query=query, access=access or Access(), origin="https://hub.example")
    return (view.in_memory(visit) if view.in_memory else view.answer(None, visit)).body


def projects(*cards, **more):
    return [each.attrib for each in ElementTree.fromstring(get("/cctray.xml", *cards, **more))]


@pytest.mark.parametrize(
    ("statuses", "activity", "last"),
    [
        (["success"], "Sleeping", "Success"),
        (["failure"], "Sleeping", "Failure"),
        (["timeout"], "Sleeping", "Failure"),
        (["error"], "Sleeping", "Exception"),
        (["running", "failure"], "Building", "Failure"),
        (["cancellation", "success"], "Sleeping", "Success"),
        (["queued"], "Building", "Unknown"),
    ],
    ids=str,
)
def test_a_lamp_sees_what_a_card_says(statuses, activity, last):
    (found,) = projects(make_card(*statuses))
    assert (found["activity"], found["lastBuildStatus"]) == (activity, last)


def test_a_project_has_its_name_its_last_run_and_its_page():
    (found,) = projects(make_card(environment="production"))
    assert found["name"] == "acme/shop · CI · main · production"
    assert (found["lastBuildLabel"], found["lastBuildTime"]) == ("run-0", "2026-05-28T20:26:40.000Z")
    assert found["webUrl"].startswith("https://hub.example/pipelines?repository=acme%2Fshop&pipeline=CI")


def test_projects_are_those_of_the_filter_that_one_may_see():
    cards = [make_card(), make_card(repository="acme/cart"), make_card(repository="acme/secret")]
    access = Access(patterns=("acme/shop", "acme/cart"))
    assert [each["name"] for each in projects(*cards, access=access, q="acme")] == [
        "acme/cart · CI · main",
        "acme/shop · CI · main",
    ]


def test_the_feed_has_each_failure_newest_first():
    found = ElementTree.fromstring(get("/feed.atom", make_card("success", "failure", "timeout")))
    titles = [each.findtext(f"{ATOM}title") for each in found.iter(f"{ATOM}entry")]
    assert titles == ["acme/shop · CI · main: failed", "acme/shop · CI · main: timed out"]
    entry = found.find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "urn:ci-reporter:run:acme%2Fshop:run-1"
    assert entry.find(f"{ATOM}link").get("href") == "https://hub.example/runs/run-1?repository=acme%2Fshop"
    assert found.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}updated") == "2026-05-28T19:26:40.000Z"


@pytest.mark.parametrize("path", ["/cctray.xml", "/feed.atom"])
def test_hostile_names_are_text(path):
    made = get(path, make_card("failure", repository=HOSTILE + "\uffff", branch=HOSTILE, pipeline=HOSTILE))
    assert "alert(1)" in "".join(ElementTree.fromstring(made).itertext()) + str(ElementTree.fromstring(made)[0].attrib)


@pytest.mark.parametrize("path", ["/cctray.xml", "/feed.atom"])
def test_without_runs_there_is_nothing_in_it(path):
    assert ElementTree.fromstring(get(path)).find("Project") is None


@pytest.mark.parametrize(
    ("statuses", "said"),
    [(["success"], "passed"), (["failure", "success"], "failed"), (["running", "success"], "passed"), ([], "unknown")],
    ids=str,
)
def test_a_badge_says_how_the_last_run_went(statuses, said):
    cards = [make_card(*statuses)] if statuses else []
    made = get("/badges/{name}", *cards, name="result.svg", repository="acme/shop", pipeline="CI")
    assert f'aria-label="CI: {said}"' in made


def test_a_badge_of_a_duration():
    assert 'aria-label="build: 1 min 00 s"' in get(
        "/badges/{name}", make_card(), name="duration.svg", repository="acme/shop"
    )


@pytest.mark.parametrize("name", ["result.png", "nice.svg", "result"])
def test_a_badge_that_there_is_not_is_said_so(name):
    with pytest.raises(Problem, match=r"there is no such badge \(known: coverage.svg"):
        get("/badges/{name}", name=name, repository="acme/shop")


def test_badges_of_coverage_and_gates_are_of_the_newest_report(shop):
    assert b"coverage: 89.5 %" in shop.get("/badges/coverage.svg?repository=acme/shop&branch=main").body
    assert b"gate: fail" in shop.get("/badges/gate.svg?repository=acme/shop&environment=production").body
    assert b"gate: unknown" in shop.get("/badges/gate.svg?repository=acme/none").body
