"""GitLab: statuses of commits, and what its answers mean."""

import json
import re

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import replace
from ci_reporter.model import Result
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.gitlab import GitLabSettings, payload
from ci_reporter.notify.language import Language
from tests.conftest import free_port
from tests.notify.makers import RUN, hostile_alert, huge_alert, make_alert

TOKEN = "glpat-0123456789abcdef0123"
GITLAB_RUN = replace(RUN, provider="gitlab", pipeline_id="4711", repository="acme/team/shop")
STATES = ("pending", "running", "success", "failed", "canceled", "skipped")
EVENTS = {"success": "success", "failed": "drop", "canceled": "cancel"}


class GitLab:
    """The statuses of one project's commits; a status that is set twice is refused, as the real one does."""

    def __init__(self):
        self.statuses, self.sent = {}, []

    def __call__(self, asked):
        if asked.headers.get("private-token") != TOKEN:
            return answered(401, {"message": "401 Unauthorized"})
        if not (match := re.fullmatch(r"/api/v4/projects/acme%2Fteam%2Fshop/statuses/([0-9a-f]{40})", asked.path)):
            return answered(404, {"message": "404 Project Not Found"})
        if match[1] != RUN.revision:
            return answered(404, {"message": "404 Commit Not Found"})
        return self.status(asked.json)

    def status(self, status):
        if status["state"] not in STATES:
            return answered(400, {"error": "state does not have a valid value"})
        limits = {"description": 255, "target_url": 255, "name": 255}
        if too_long := [name for name, most in limits.items() if len(status.get(name, "")) > most]:
            return answered(400, {"message": {each: ["is too long (maximum is 255 characters)"] for each in too_long}})
        if self.statuses.get(status["name"]) == status["state"]:
            event, state = EVENTS[status["state"]], status["state"]
            said = f"Cannot transition status via :{event} from :{state} (Reason(s): Status cannot transition"
            return answered(400, {"message": f'{said} via "{event}")'})
        self.statuses[status["name"]] = status["state"]
        self.sent.append(status)
        return answered(201, {"id": len(self.sent), **status})


def answered(status, body):
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


@pytest.fixture
def gitlab(vendor):
    """GitLab, and a way to make a notifier for it."""
    state = GitLab()
    server = vendor(state)

    def notifier(**settings):
        known = {"token": TOKEN} | settings
        return GitLabSettings(**known).notifier({"CI_API_V4_URL": f"{server.url}/api/v4"}, Language.EN)

    state.notifier, state.server = notifier, server
    return state


def about(alert=None, **changes):
    return replace(alert or make_alert(), run=replace(GITLAB_RUN, **changes))


@pytest.mark.parametrize("alert", [make_alert(), hostile_alert(), huge_alert()], ids=["whole", "hostile", "huge"])
def test_the_commit_has_a_status(gitlab, deadline, alert):
    gitlab.notifier().send(about(alert), deadline)
    (sent,) = gitlab.sent
    assert (sent["state"], sent["name"]) == ("failed", "ci-reporter/acme/shop CI unit main")
    assert (sent["pipeline_id"], sent["ref"], sent["target_url"]) == (4711, "main", RUN.run_url)
    assert sent["description"].isprintable()


def test_what_is_over_is_a_success(gitlab, deadline):
    gitlab.notifier().send(about(), deadline)
    gitlab.notifier().send(about(make_alert(state=State.RESOLVED)), deadline)
    assert gitlab.statuses == {"ci-reporter/acme/shop CI unit main": "success"}


@pytest.mark.parametrize("result", [Result.FAILURE, Result.SUCCESS, Result.CANCELLATION])
def test_a_status_that_is_there_already_is_as_good(gitlab, deadline, result):
    for _ in range(2):
        gitlab.notifier().send(about(make_alert(result=result, level=Level.INFO)), deadline)
    assert len(gitlab.server.asked) == 2
    assert len(gitlab.sent) == 1


def test_a_run_of_another_system_names_no_pipeline():
    assert "pipeline_id" not in payload(make_alert())


def test_an_address_that_is_too_long_gives_way_to_one_that_fits():
    alert = about(run_url=f"https://ci.example/{'x' * 300}")
    assert payload(alert)["target_url"] == RUN.job_url


@pytest.mark.parametrize(
    ("settings", "revision", "said"),
    [
        ({"token": "wrong-wrong"}, RUN.revision, r"401 Unauthorized \(check CI_REPORTER_GITLAB_TOKEN"),
        ({}, "d" * 40, r"404 Commit Not Found \(the token has to see the project"),
        ({"repository": "acme/other"}, RUN.revision, "404 Project Not Found"),
    ],
)
def test_gitlabs_words_are_said_with_the_way_out(gitlab, deadline, settings, revision, said):
    with pytest.raises(Rejected, match=f"gitlab refused: {said}"):
        gitlab.notifier(**settings).send(about(revision=revision), deadline)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered(400, {"message": {"name": ["is too long"]}}), "name: is too long"),
        (answered(400, {"message": 'Cannot transition status via :run from :failed (Reason(s): "run")'}), ":run from"),
        (answered(403, {"error": "insufficient_scope"}), "needs the scope `api`"),
        ((200, {}, b"<html><title>Sign in</title></html>"), "a web page: Sign in"),
        ((201, {}, b""), "status 201"),
    ],
)
def test_an_answer_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected, match="gitlab refused: ") as caught:
        GitLabSettings(token=TOKEN, api=server.url).notifier({}, Language.EN).send(about(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502])
def test_what_may_pass_is_tried_again(vendor, deadline, status):
    server = vendor(
        lambda asked: (status, {"Retry-After": "0"}, b"") if len(server.asked) == 1 else answered(201, {"id": 1})
    )
    GitLabSettings(token=TOKEN, api=server.url).notifier({}, Language.EN).send(about(), deadline)
    assert len(server.asked) == 2


def test_a_server_that_is_away_may_come_back(deadline):
    settings = GitLabSettings(token=TOKEN, api=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(DeliveryError, match="connection refused") as caught:
        settings.notifier({}, Language.EN).send(about(), deadline)
    assert not isinstance(caught.value, Rejected)


def test_a_preview_hides_the_token(gitlab):
    shown = gitlab.notifier().preview(about(make_alert(title=f"token {TOKEN}")))
    assert "failed" in shown
    assert TOKEN not in shown
