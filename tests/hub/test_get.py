"""`ci-reporter hub get`: the API's client, against a hub as people run it, and against what is none."""

from __future__ import annotations

import json

import pytest

from ci_reporter.errors import CIReporterError, DeliveryError, Rejected, UsageError
from ci_reporter.http.hub import HubApi
from ci_reporter.system.deadline import Deadline
from tests.hubs import running_hub
from tests.vendors import serving

PROBLEM = {"content-type": "application/problem+json"}


@pytest.fixture(scope="module")
def address(tmp_path_factory, make_reports):
    """A hub with 35 runs of two steps."""
    with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        assert hub.post(make_reports)[0] == 202
        yield hub.url


@pytest.fixture(scope="module")
def make_reports():
    return [
        {
            "report_id": f"r{number}-{step}",
            "ci_run_id": f"run-{number}",
            "repository": "acme/shop",
            "pipeline": "CI",
            "job_name": "unit",
            "step": step,
            "branch": "main",
            "finished_at": f"2025-01-01T00:{number:02d}:0{place}Z",
            "duration_ms": 1500,
            "exit_code": int(number == 34 and step == "pytest"),
        }
        for number in range(35)
        for place, step in enumerate(("lint", "pytest"))
    ]


@pytest.fixture
def get(run_program, address):
    return lambda *words: run_program("hub", "get", *words, env={"CI_REPORTER_HUB": address})


def test_runs_are_a_table(get):
    done = get("runs", "--limit", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["FINISHED", "(UTC)", "REPOSITORY", "PIPELINE", "BRANCH", "RUN", "RESULT", "DURATION", "COVERAGE"],
        ["2025-01-01", "00:34:01", "acme/shop", "CI", "main", "run-34", "failure", "2.5", "s", "-"],
        ["2025-01-01", "00:33:01", "acme/shop", "CI", "main", "run-33", "success", "2.5", "s", "-"],
    ]


def test_json_is_an_item_a_line_through_all_pages(get):
    done = get("steps", "--limit", "70", "--json", "--branch", "main")
    found = [json.loads(line)["report_id"] for line in done.stdout.splitlines()]
    assert found == [f"r{number}-{step}" for number in range(34, -1, -1) for step in ("pytest", "lint")]


def test_a_run_is_shown_by_its_steps(get):
    done = get("runs", "run-34")
    assert [line.split()[4:6] for line in done.stdout.splitlines()[1:]] == [["lint", "main"], ["pytest", "main"]]


def test_a_filter_that_is_not_there_is_said(get):
    done = get("series", "--result", "failure")
    assert done.returncode == 2
    assert done.stderr.startswith("ci-reporter: hub get: no parameter named 'result' (known: repository, pipeline, ")


def test_a_run_that_is_not_there_is_said(get):
    done = get("runs", "nope")
    assert (done.returncode, done.stderr) == (1, "ci-reporter: there is no run with the id 'nope'\n")


def test_nothing_that_fits_is_said(get):
    done = get("runs", "--branch", "nope")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "ci-reporter: the hub has nothing that fits\n")


def test_a_hub_has_to_be_named(run_program):
    done = run_program("hub", "get", "runs")
    assert (done.returncode, "no hub is set (option --hub or CI_REPORTER_HUB" in done.stderr) == (2, True)


@pytest.mark.parametrize("since", ["yesterday", "7", "-1d"])
def test_a_time_that_is_none_is_said(get, since):
    done = get("runs", "--since", since)
    assert done.returncode == 2
    assert "is not a time such as 2026-01-31T12:00:00Z, or how long ago: 7d, 12h" in done.stderr


def ask(answer, path=("runs",)):
    with serving(lambda _: answer) as url:
        list(HubApi(url=url).items(path, {}, 10, Deadline(5.0)))


def problem(status, detail):
    return status, PROBLEM, json.dumps({"title": "x", "status": status, "detail": detail}).encode()


ANSWERS = {
    "who asks": (problem(401, "who are you"), Rejected, "does not let us in: who are you .set CI_REPORTER_HUB_TOKEN"),
    "a proxy asks": (
        (401, {}, b""),
        Rejected,
        "it answered 401 .set CI_REPORTER_HUB_TOKEN, or CI_REPORTER_HUB_USERNAME",
    ),
    "forbidden": (problem(403, "not yours"), Rejected, "does not let us in: not yours"),
    "not there": (problem(404, "no such run"), CIReporterError, "^no such run$"),
    "not understood": (problem(400, "branch: is given twice"), UsageError, "^hub get: branch: is given twice$"),
    "a page": ((404, {"content-type": "text/html"}, b"<html>"), DeliveryError, "is not a hub: it answered 404"),
    "a good page": ((200, {"content-type": "text/html"}, b"<html><title>Hi</title>"), DeliveryError, "web page: Hi"),
    "a list": ((200, {}, b"[]"), DeliveryError, "is not a hub"),
    "another document": ((200, {}, b'{"items": 5}'), DeliveryError, "is not a hub: its list has no items"),
    "a list of others": ((200, {}, b'{"items": [5]}'), DeliveryError, "is not a hub: its list has no items"),
    "a number that is none": ((200, {}, b'{"items": [{"duration_ms": NaN}]}'), DeliveryError, "is not a hub"),
    "a number without end": ((200, {}, b'{"items": [{"duration_ms": 1e999}]}'), DeliveryError, "is not a hub"),
    "moved": ((302, {"location": "https://sso.example/"}, b""), DeliveryError, "redirects to https://sso.example"),
}


@pytest.mark.parametrize(("answer", "error", "said"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_none_is_explained(answer, error, said):
    with pytest.raises(error, match=said):
        ask(answer)


@pytest.mark.parametrize("asked", [("dora",), ("tests",), ("runs", "1"), ("compare", "--base", "1", "--head", "2")])
def test_another_programs_document_is_not_said_to_be_empty(run_program, asked):
    with serving(lambda _: (200, {}, b'{"status": "UP"}')) as url:
        done = run_program("hub", "get", *asked, "--hub", url)
    assert done.returncode == 70
    assert "is not a hub: its answer has no " in done.stderr


def test_a_hub_that_cannot_be_reached_is_said(free_port):
    with pytest.raises(DeliveryError, match=r"cannot reach http://127.0.0.1:[0-9]+: connection refused"):
        HubApi(url=f"http://127.0.0.1:{free_port()}").document(("dora",), {}, Deadline(5.0))


def test_a_list_that_never_ends_ends():
    same = json.dumps({"items": [], "next_cursor": "x"}).encode()
    with serving(lambda _: (200, {}, same)) as url:
        assert list(HubApi(url=url).items(("runs",), {}, 10, Deadline(5.0))) == []


def test_a_name_is_one_piece_of_a_path():
    asked = []

    def answer(request):
        asked.append(request.path)
        return 200, {}, b"{}"

    with serving(answer) as url:
        HubApi(url=url).document(("runs", "jenkins-a/b 7?"), {}, Deadline(5.0))
    assert asked == ["/api/v1/runs/jenkins-a%2Fb%207%3F"]
