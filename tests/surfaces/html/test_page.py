"""The page of a run: whole, harmless, and good to read in a real browser: by day, by night, by keyboard."""

import html
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ci_reporter import model
from ci_reporter.frozen import replace
from ci_reporter.surfaces.html.page import page
from tests.conftest import installed

HOSTILE = "</title><script>alert(1)</script> \"'&<img src=x onerror=alert(2)>\x1b[31m\u202e"
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
NOW_S = 1_780_000_000.0


@pytest.fixture
def runs(make_report):
    """Twelve runs of two steps, the last of which failed and had a gate."""

    def make():
        found = []
        for at in range(12):
            when = f"2026-01-{at + 1:02}T12:00"
            tests = {"total": 200, "passed": 199, "failed": 1, "errors": 0, "skipped": 0}
            known = {"ci_run_id": f"github-{at}", "run_url": f"https://ci.example/{at}", "coverage_pct": 90.0 + at / 7}
            unit = make_report(
                report_id=f"u{at}", step="unit", started_at=f"{when}:00.000Z", finished_at=f"{when}:12.000Z", **known
            )
            deploy = make_report(
                report_id=f"d{at}",
                step="deploy",
                started_at=f"{when}:13.000Z",
                finished_at=f"{when}:59.000Z",
                duration_ms=46_000 + at * 900,
                exit_code=3,
                result="failure",
                cpu_user_ms=900,
                max_rss_bytes=123_456_789,
                **known,
            )
            found += [replace(unit, failed_tests=("test_cart::test_total",), tests=model.Tests(**tests)), deploy]
        gate = model.Gate(verdict="fail", rules={"slow": "fail", "down": "pass"}, p95_ms_before=46.0, p95_ms=363.0)
        return [*found[:-1], replace(found[-1], gate=gate)]

    return make


def made(reports):
    history = {name: [each for each in reports if each.step.name == name] for name in ("unit", "deploy")}
    return page(reports[-2:], history, NOW_S)


class Reader(HTMLParser):
    """What the page has: its tags, their attributes, its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.handlers, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "action", "srcset")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.text += data


def test_what_failed_stands_first(runs):
    text = Reader(made(runs())).text
    order = ["1 of 2 steps failed", "github-11", "Failed tests", "test_cart::test_total", "What ran when"]
    order += ["deploy: fail", "46 ms363 ms", "How the steps went before"]
    places = [text.find(each) for each in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places, strict=True))


def test_nothing_is_loaded_and_nothing_runs(runs):
    found = Reader(made(runs()))
    assert not {"script", "img", "link", "iframe", "object"} & set(found.tags)
    assert {each for each in found.addresses if each} == {"https://ci.example/11"}


def test_what_others_wrote_is_text(runs):
    reports = []
    for each in runs():
        run = replace(each.run, branch=HOSTILE, repository=HOSTILE, job_name=HOSTILE, run_url="javascript:alert(1)")
        step = replace(each.step, reason=HOSTILE)
        reports.append(replace(each, run=run, step=step, failed_tests=(HOSTILE,)))
    found = Reader(made(reports))
    assert not {"script", "img"} & set(found.tags)
    assert (found.addresses, found.handlers) == ([], [])
    assert "<script>alert(1)</script>" in found.text
    assert "\x1b" not in found.text and "\u202e" not in found.text


def test_a_failed_test_stands_with_its_place_and_what_it_says(make_report):
    failures = [{"name": "cart: adds", "message": "1 is not 2\nat all", "path": "test_cart.py", "line": 4}]
    tests = {"total": 9, "passed": 6, "failed": 3, "errors": 0, "skipped": 0}
    found = Reader(page([make_report(exit_code=1, failures=failures, tests=tests)], {}, NOW_S)).text
    assert "pytest: cart: adds (test_cart.py:4)1 is not 2… 2 more" in found


def test_one_step_without_figures_is_a_page(make_report):
    bare = make_report(started_at=None, finished_at=None, duration_ms=None)
    found = Reader(page([bare], {}, NOW_S))
    assert "1 step, all good" in found.text
    assert "svg" not in found.tags


def test_thousands_of_tests_and_steps_stay_a_page(make_report):
    many = [replace(make_report(report_id=str(at), step=f"s{at}"), failed_tests=("t" * 90,) * 9) for at in range(1000)]
    made = page(many, {}, NOW_S)
    assert "… 8800 more" in made
    assert len(made) < 2_000_000


@pytest.mark.services
@pytest.mark.node
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(runs, tmp_path, scheme):
    """The page with axe-core beside it, its policy lifted for that."""
    run = "axe.run().then(found => { document.getElementById('found').textContent = JSON.stringify(found.violations) })"
    opened = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", made(runs()))
    tools = f'<pre id="found" hidden></pre><script>{AXE.read_text()}</script><script>{run}</script></body>'
    (tmp_path / "page.html").write_text(opened.replace("</body>", tools))
    ran = subprocess.run(
        [
            *(installed("chromium"), "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"),
            f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
            f"file://{tmp_path / 'page.html'}",
        ],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    found = re.search(r"<pre id=\"found\"[^>]*>(.*?)</pre>", ran.stdout, re.DOTALL)
    assert found and found[1], ran.stderr[-1000:]
    assert [(each["id"], each["help"]) for each in json.loads(html.unescape(found[1]))] == []
