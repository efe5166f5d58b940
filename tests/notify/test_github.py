"""GitHub: statuses of commits and deployments, and what its answers mean."""

import json
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import replace
from ci_reporter.notify.alert import State
from ci_reporter.notify.github import GitHubSettings
from ci_reporter.notify.language import Language
from tests.conftest import free_port
from tests.notify.makers import RUN, hostile_alert, huge_alert, make_alert

TOKEN = "ghs_0123456789abcdef0123456789abcdef0123"


class GitHub:
    """The endpoints for one repository; it refuses what the real ones refuse."""

    def __init__(self):
        self.statuses, self.deployments = [], []

    def __call__(self, asked):
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return answered(401, {"message": "Bad credentials"})
        if asked.headers["accept"] != "application/vnd.github+json" or not asked.headers["user-agent"]:
            return answered(415, {"message": "Unsupported"})
        address = urlsplit(asked.path)
        if match := re.fullmatch(r"/repos/acme/shop/statuses/([0-9a-f]{40})", address.path):
            return self.commit_status(match[1], asked.json)
        if address.path == "/repos/acme/shop/deployments":
            return self.list(parse_qs(address.query)) if asked.method == "GET" else self.create(asked.json)
        if match := re.fullmatch(r"/repos/acme/shop/deployments/(\d+)/statuses", address.path):
            return self.deployment_status(int(match[1]), asked.json)
        return answered(404, {"message": "Not Found"})

    def commit_status(self, revision, status):
        errors = [] if status["state"] in ("error", "failure", "pending", "success") else ["state is invalid"]
        errors += ["description is too long (maximum is 140 characters)"] * (len(status["description"]) > 140)
        errors += ["context is too long (maximum is 255 characters)"] * (len(status["context"]) > 255)
        errors += ["target_url must use http(s)"] * (not status.get("target_url", "https://").startswith("http"))
        if revision != RUN.revision:
            return answered(422, {"message": f"No commit found for SHA: {revision}"})
        if errors:
            return answered(422, {"message": "Validation Failed", "errors": [{"message": each} for each in errors]})
        self.statuses.append(status)
        return answered(201, {"id": len(self.statuses), **status})

    def list(self, query):
        found = [each for each in self.deployments if [each["ref"]] == query["sha"]]
        return answered(200, [each for each in reversed(found) if [each["environment"]] == query["environment"]])

    def create(self, made):
        if made["required_contexts"] != [] or made["auto_merge"]:
            return answered(409, {"message": "Conflict: Commit status checks failed for the ref."})
        self.deployments.append({"id": 40 + len(self.deployments), **made, "statuses": []})
        return answered(201, self.deployments[-1])

    def deployment_status(self, number, status):
        found = next((each for each in self.deployments if each["id"] == number), None)
        if not found:
            return answered(404, {"message": "Not Found"})
        if status["state"] not in ("error", "failure", "inactive", "in_progress", "queued", "pending", "success"):
            return answered(422, {"message": "Validation Failed"})
        found["statuses"].append(status["state"])
        return answered(201, {"id": 1})


def answered(status, body, **headers):
    return status, {"Content-Type": "application/json; charset=utf-8", **headers}, json.dumps(body).encode()


@pytest.fixture
def github(vendor):
    """GitHub, and a way to make a notifier for it."""
    state = GitHub()
    server = vendor(state)

    def notifier(**settings):
        known = {"token": TOKEN} | settings
        return GitHubSettings(**known).notifier({"GITHUB_API_URL": server.url}, Language.EN)

    state.notifier, state.server = notifier, server
    return state


@pytest.mark.parametrize("alert", [make_alert(), huge_alert()], ids=["whole", "huge"])
def test_the_commit_has_a_status(github, deadline, alert):
    github.notifier().send(alert, deadline)
    (status,) = github.statuses
    assert (status["state"], status["context"]) == ("failure", "ci-reporter/acme/shop CI unit main")
    assert status["target_url"] == RUN.run_url


def test_texts_of_others_stay_within_their_fields(github, deadline):
    alert = hostile_alert()
    github.notifier(repository="acme/shop").send(replace(alert, run=replace(RUN, job_name="<x>\r\ny")), deadline)
    assert github.statuses[0]["description"].isprintable()


def test_what_is_over_is_a_success_of_the_same_name(github, deadline):
    github.notifier().send(make_alert(), deadline)
    github.notifier().send(make_alert(state=State.RESOLVED), deadline)
    first, last = github.statuses
    assert first["context"] == last["context"]
    assert (last["state"], last["description"]) == ("success", "Resolved: unit failed")


def test_a_deployment_that_is_named_has_a_status(github, deadline):
    github.deployments.append({"id": 40, "ref": "x", "environment": "production", "statuses": []})
    github.notifier(deployment="40").send(make_alert(), deadline)
    assert github.deployments[0]["statuses"] == ["failure"]


def test_a_deployment_is_made_once(github, deadline):
    github.notifier(deployment="create").send(make_alert(), deadline)
    github.notifier(deployment="create").send(make_alert(state=State.RESOLVED), deadline)
    (made,) = github.deployments
    assert (made["ref"], made["environment"]) == (RUN.revision, "production")
    assert made["statuses"] == ["failure", "success"]


def test_an_alert_of_no_environment_is_no_deployment(github, deadline):
    github.notifier(deployment="create").send(make_alert(environment=None), deadline)
    assert (len(github.statuses), github.deployments) == (1, [])


@pytest.mark.parametrize(
    ("settings", "revision", "said"),
    [
        ({"token": "wrong-wrong"}, RUN.revision, r"Bad credentials \(check CI_REPORTER_GITHUB_TOKEN\)"),
        ({}, "d" * 40, r"No commit found for SHA: d{40} \(the commit has to be pushed\)"),
        ({"repository": "acme/other"}, RUN.revision, "Not Found .the token has to see the repository"),
        ({"deployment": "7"}, RUN.revision, "Not Found"),
    ],
)
def test_githubs_words_are_said_with_the_way_out(github, deadline, settings, revision, said):
    with pytest.raises(Rejected, match=f"github refused: {said}"):
        github.notifier(**settings).send(make_alert(run=replace(RUN, revision=revision)), deadline)


@pytest.mark.parametrize(
    "answer",
    [
        answered(403, {"message": "Resource not accessible by integration"}),
        answered(422, {"message": "Validation Failed", "errors": [{"resource": "Status", "code": "custom"}]}),
        (200, {"Content-Type": "text/html"}, b"<html><title>Sign in</title></html>"),
        (201, {}, b"{}"),
        (201, {}, b""),
    ],
    ids=["permission", "validation", "page", "no id", "empty"],
)
def test_an_answer_that_says_no_is_not_asked_again(vendor, deadline, answer):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected, match="github refused: "):
        GitHubSettings(token=TOKEN, api=server.url).notifier({}, Language.EN).send(make_alert(), deadline)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "first",
    [
        answered(403, {"message": "You have exceeded a secondary rate limit."}, **{"Retry-After": "0"}),
        answered(403, {}, **{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}),
        answered(429, {}, **{"Retry-After": "0"}),
        answered(502, {"message": "Server Error"}),
    ],
    ids=["secondary", "primary", "429", "502"],
)
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    state = GitHub()
    server = vendor(lambda asked: first if len(server.asked) == 1 else state(asked))
    GitHubSettings(token=TOKEN, api=server.url).notifier({}, Language.EN).send(make_alert(), deadline)
    assert len(state.statuses) == 1


@pytest.mark.parametrize(
    "headers", [{"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 999)}, {}]
)
def test_a_limit_that_lasts_is_a_failure_that_may_pass(vendor, deadline, headers):
    server = vendor(lambda asked: answered(403, {"message": "API rate limit exceeded"}, **headers))
    with pytest.raises(DeliveryError, match="github said: API rate limit exceeded") as caught:
        GitHubSettings(token=TOKEN, api=server.url).notifier({}, Language.EN).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_a_server_that_is_away_may_come_back(deadline):
    settings = GitHubSettings(token=TOKEN, api=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(DeliveryError, match="connection refused") as caught:
        settings.notifier({}, Language.EN).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_a_preview_shows_all_requests_without_the_token(github):
    shown = github.notifier(deployment="create").preview(make_alert(text=f"token {TOKEN}"))
    assert shown.count("POST http://127.0.0.1:") == 3
    assert "unit failed" in shown
    assert TOKEN not in shown


def test_a_deployment_is_a_number_or_is_made(run_program):
    env = {"CI_REPORTER_GITHUB_TOKEN": TOKEN, "CI_REPORTER_GITHUB_DEPLOYMENT": "../1"}
    ended = run_program("run", "--", "true", env=env)
    assert ended.returncode == 2
    assert "'../1' is not a deployment (write its number, or create)" in ended.stderr
