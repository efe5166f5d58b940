"""The pages in a real browser, Debian's Chromium: signed in, live, by keyboard, without script, for everybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from ci_reporter.hub.auth import tokens, users
from ci_reporter.hub.auth.access import Role, Scope
from ci_reporter.hub.auth.passwords import encode
from ci_reporter.hub.runs.run import Status
from ci_reporter.hub.store.opening import open_tables
from tests.conftest import installed
from tests.hub.auth.conftest import CHEAP, PASSWORD, now_ms
from tests.hub.page.conftest import COUNTS, FAILURES, GATE, HOSTILE, hostile_run, make_run, report, see
from tests.hubs import running_hub

# Not marked as slow: those are spread among the others, and each would start a hub and a browser of its own.
pytestmark = [pytest.mark.services, pytest.mark.node]
expect.set_options(timeout=60_000)  # of what is only late on a busy machine

AXE = (Path(__file__).parents[3] / "node_modules/axe-core/axe.min.js").read_text()
VIOLATIONS = """only => axe.run(document, only ? {runOnly: [only]} : {}).then(
  found => found.violations.map(each => [each.id, each.help, each.nodes[0].html]))"""
PAGES = {
    "wall": "/",
    "run": "/runs/deploy-1",
    "test": "/tests/history?name=test_cart",
    "deployments": "/deployments",
    "trends": "/trends",
    "silences": "/silences?repository=acme/shop",
    "admin": "/admin",
}


class Place:
    """A hub that needs a sign-in, its small tables, and a token that may send reports."""

    def __init__(self, hub, tables):
        self.hub, self.tables = hub, tables
        users.add(tables, users.User("jane", encode(PASSWORD, CHEAP), Role.ADMIN, None, now_ms()))
        self._token = tokens.create(tables, tokens.Wanted("jobs", [Scope.INGEST], None, None), now_ms())[1]

    def post(self, *reports):
        for each in reports:
            assert self.hub.post(each, Authorization=f"Bearer {self._token}")[0] == 202

    def see(self, *runs):
        see(self.tables, *runs)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with running_hub(tmp_path_factory.mktemp("browser")) as hub:
        tables = open_tables(str(hub.database), env={})
        found = Place(hub, tables)
        found.see(make_run(1), make_run(2, Status.FAILURE), hostile_run())
        failed = {"failures": FAILURES, "failed_tests": ["test_cart"], "tests": COUNTS, "coverage_pct": 89.5}
        found.post(report(1, ago_s=90_000, failed_tests=["test_cart"], tests=COUNTS), report(2, exit_code=1, **failed))
        deploy = {"pipeline": "Deploy", "environment": "production", "ci_run_id": "deploy-1"}
        found.post(report(3, step="deploy", **deploy), report(3, step="gate", exit_code=1, gate=GATE, **deploy))
        yield found
        tables.close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=installed("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--blink-settings=imagesEnabled=false"],
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def signed_in(place, browser):
    """The cookies of somebody who has signed in by the form, led there from the page that they wanted."""
    context = browser.new_context(base_url=place.hub.url)
    page = context.new_page()
    page.goto("/tests")
    page.get_by_label("User").fill("jane")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Tests", level=1)).to_be_visible()
    found = context.storage_state()
    context.close()
    return found


@pytest.fixture
def open_page(place, browser, signed_in):
    """Open a page: `open_page("/")`. In the end nothing was complained of, and nothing asked for from elsewhere."""
    contexts, complaints = [], []

    def open_at(path, live=False, **options):
        context = browser.new_context(base_url=place.hub.url, storage_state=signed_in, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: None if sent.url.startswith(place.hub.url) else complaints.append(sent.url))
        page.goto(path)
        if live:
            expect(page.locator("#live")).to_have_attribute("data-state", "live")
        return page

    yield open_at
    for each in contexts:
        each.close()
    assert [each for each in complaints if "status of 404" not in each] == []


def test_a_run_goes_from_queued_to_red_while_one_looks(place, open_page):
    page = open_page("/", live=True)
    card = page.locator("article", has_text="acme/live")
    path = {"repository": "acme/live", "updated_ms": now_ms()}
    place.see(make_run(7, Status.QUEUED, started_ms=None, **path))
    expect(card.locator(".state")).to_have_text("● queued")
    place.see(make_run(7, Status.RUNNING, **path | {"updated_ms": now_ms() + 1}))
    expect(card.locator(".state")).to_have_text("● running")
    run = page.context.new_page()
    run.goto("/runs/github-7-1")
    expect(run.locator("#live")).to_have_attribute("data-state", "live")
    place.see(make_run(7, Status.FAILURE, **path | {"updated_ms": now_ms() + 2}))
    place.post(report(7, repository="acme/live", exit_code=1, failures=FAILURES, failed_tests=["test_cart"]))
    expect(card.locator(".state")).to_have_text("✕ failed")
    expect(run.locator("h1 .state")).to_have_text("✕ failed")
    expect(run.get_by_text("1 is not 2")).to_be_visible()
    expect(page).to_have_title("3 failing · ci-reporter")
    assert page.locator("#cards article").nth(0).get_attribute("class").startswith("card failing")
    card.locator(".state").click()
    page.get_by_role("link", name="test_cart").click()
    expect(page.get_by_role("heading", name="test_cart")).to_be_visible()


def test_a_run_is_silenced_from_its_page(open_page):
    page = open_page("/runs/github-2-1")
    page.get_by_role("link", name="silence", exact=True).click()
    page.get_by_label("Why").fill("a new database")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_role("row", name="a new database")).to_contain_text("repository=acme/shop")
    page.get_by_role("button", name="End the silence of a new database").click()
    expect(page.get_by_text("Nothing is silenced now.")).to_be_visible()


def test_axe_finds_nothing_on_any_page_in_both_themes(open_page):
    found = {}
    page = open_page("/", bypass_csp=True, color_scheme="light")
    for name, path in PAGES.items():
        page.goto(path)
        page.evaluate(AXE)
        found[name] = page.evaluate(VIOLATIONS, None)
        page.emulate_media(color_scheme="dark")
        found[f"{name}, dark"] = page.evaluate(VIOLATIONS, "color-contrast")
        page.emulate_media(color_scheme="light")
    assert {name: each for name, each in found.items() if each} == {}


def test_nothing_sticks_out_of_a_phone_and_hostile_names_are_text(open_page):
    page = open_page("/", viewport={"width": 360, "height": 640})
    assert HOSTILE.split("<script>")[0] in page.locator("article", has_text="alert(1)").inner_text()
    widths = {"/": page.evaluate("document.documentElement.scrollWidth")}
    for path in ("/runs/github-2-1", "/trends", "/deployments"):
        page.goto(path)
        widths[path] = page.evaluate("document.documentElement.scrollWidth")
    assert max(widths.values()) <= 360, json.dumps(widths)


def test_the_wall_is_used_by_keyboard(open_page):
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("shop")
    page.keyboard.press("Enter")
    expect(page).to_have_url("/?q=shop")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "acme/shop"
    page.keyboard.press("s")
    expect(page.locator(".star[aria-pressed=true]")).to_have_count(1)
    page.goto("/?favourites=1")
    expect(page.locator("article")).to_have_count(1)
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_all_but_what_is_live_works_without_script(open_page):
    page = open_page("/", java_script_enabled=False)
    page.get_by_role("searchbox").fill("shop")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("article")).to_have_count(2)
    page.locator(".star").first.click()
    expect(page.locator(".star[aria-pressed=true]")).to_have_count(1)
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/trends")
    expect(page.locator("svg.results")).to_be_visible()
    expect(page.get_by_role("heading", name="Trends")).to_be_visible()
