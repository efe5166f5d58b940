"""Alertmanager: the real one of Debian's packages fires, groups, tells alerts apart, and resolves."""

import json
from contextlib import ExitStack

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import replace
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.alertmanager import AlertmanagerSettings, label, labels
from ci_reporter.notify.language import Language
from ci_reporter.system.deadline import Deadline
from tests.conftest import free_port, serving
from tests.notify.makers import RUN, hostile_alert, huge_alert, make_alert


@pytest.fixture
def deadline():
    return Deadline(30)


@pytest.fixture
def receiver(vendor):
    """Takes what Alertmanager's webhook sends."""
    return vendor(lambda asked: (200, {}, b""))


@pytest.fixture
def start_alertmanager(tmp_path, receiver):
    """Start a real Alertmanager that tells the receiver, one message for each service."""
    with ExitStack() as stack:

        def start():
            route = {"receiver": "test", "group_by": ["service"], "group_wait": "10ms", "group_interval": "50ms"}
            hook = {"url": receiver.url, "send_resolved": True}
            config = {"route": route, "receivers": [{"name": "test", "webhook_configs": [hook]}]}
            (tmp_path / "alertmanager.yml").write_text(json.dumps(config))
            flags = (
                f"--config.file={tmp_path / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'alertmanager'}",
                "--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            )
            log = tmp_path / "alertmanager.log"
            return stack.enter_context(serving("prometheus-alertmanager", *flags, log=log))

        yield start


def notifier(url, **more):
    return AlertmanagerSettings(url=url, **more).notifier({}, Language.EN)


def firing(server):
    return json.loads(server.get("/api/v2/alerts"))


def told(receiver, status):
    """The messages of this status that the receiver got."""
    return [asked.json for asked in receiver.asked if asked.json["status"] == status]


def abouts(message):
    return {alert["labels"]["about"] for alert in message["alerts"]}


@pytest.mark.services
def test_an_alert_fires_and_people_are_told(start_alertmanager, receiver, deadline, eventually):
    server = start_alertmanager()
    notifier(server.url).send(make_alert(), deadline)
    (alert,) = firing(server)
    assert alert["labels"]["alertname"] == "CIAlert"
    assert alert["annotations"]["summary"] == "unit failed"
    assert alert["generatorURL"] == RUN.run_url
    (message,) = eventually(lambda: told(receiver, "firing"), "a message")
    assert "tests/test_cart.py::test_total" in message["alerts"][0]["annotations"]["description"]


@pytest.mark.services
def test_it_fires_for_as_long_as_is_set(start_alertmanager, deadline):
    server = start_alertmanager()
    clock = 1_900_000_000.0
    replace(notifier(server.url, resolve_after=3600.0), clock=lambda: clock).send(make_alert(at_s=clock), deadline)
    (alert,) = firing(server)
    assert (alert["startsAt"], alert["endsAt"]) == ("2030-03-17T17:46:40.000Z", "2030-03-17T18:46:40.000Z")


@pytest.mark.services
def test_the_same_alert_of_another_run_is_the_same(start_alertmanager, deadline):
    server = start_alertmanager()
    notifier(server.url).send(make_alert(), deadline)
    again = replace(RUN, ci_run_id="github-17099999999-1", revision="d" * 40, run_url="https://ci.example/2")
    notifier(server.url).send(make_alert(run=again, title="unit failed again", alert_id="other"), deadline)
    (alert,) = firing(server)
    assert alert["annotations"]["summary"] == "unit failed again"


@pytest.mark.services
def test_alerts_of_a_service_are_grouped(start_alertmanager, receiver, deadline, eventually):
    server = start_alertmanager()
    for name in ("unit", "lint"):
        notifier(server.url).send(make_alert(dedup_key=name), deadline)
    eventually(lambda: {"unit", "lint"} in map(abouts, told(receiver, "firing")), "a message that has both")


@pytest.mark.services
def test_an_alert_is_resolved_whatever_its_level_is_then(start_alertmanager, receiver, deadline, eventually):
    server = start_alertmanager()
    notifier(server.url).send(make_alert(level=Level.CRITICAL), deadline)
    eventually(lambda: told(receiver, "firing"), "a message")
    notifier(server.url).send(make_alert(level=Level.INFO, state=State.RESOLVED), deadline)
    eventually(lambda: firing(server) == [], "no alert that fires")
    assert eventually(lambda: told(receiver, "resolved"), "a message that it is over")


@pytest.mark.services
def test_another_job_resolves_it_by_its_key(start_alertmanager, deadline, eventually):
    server = start_alertmanager()
    notifier(server.url).send(make_alert(), deadline)
    other = replace(RUN, job_name="repair", pipeline="Nightly", branch="fix/1")
    notifier(server.url).send(make_alert(state=State.RESOLVED, run=other, service=None), deadline)
    eventually(lambda: firing(server) == [], "no alert that fires")


@pytest.mark.services
def test_another_repository_does_not(start_alertmanager, deadline):
    server = start_alertmanager()
    notifier(server.url).send(make_alert(), deadline)
    other = replace(RUN, repository="acme/other")
    notifier(server.url).send(make_alert(state=State.RESOLVED, run=other), deadline)
    assert len(firing(server)) == 1


@pytest.mark.services
def test_what_grows_worse_fires_once_with_its_new_severity(start_alertmanager, deadline, eventually):
    server = start_alertmanager()
    notifier(server.url).send(make_alert(level=Level.WARNING), deadline)
    notifier(server.url).send(make_alert(level=Level.CRITICAL), deadline)
    eventually(lambda: len(firing(server)) == 1, "one alert")
    assert firing(server)[0]["labels"]["severity"] == "critical"


@pytest.mark.services
@pytest.mark.parametrize("alert", [hostile_alert(), huge_alert()], ids=["hostile", "huge"])
def test_any_alert_fires_and_resolves(start_alertmanager, deadline, eventually, alert):
    server = start_alertmanager()
    notifier(server.url).send(replace(alert, dedup_key=f'a "quoted" \\ key {alert.title}'), deadline)
    assert len(firing(server)) == 1
    ended = replace(alert, state=State.RESOLVED, level=Level.INFO)
    notifier(server.url).send(replace(ended, dedup_key=f'a "quoted" \\ key {alert.title}'), deadline)
    eventually(lambda: firing(server) == [], "no alert that fires")


@pytest.mark.services
def test_a_wrong_address_is_said(start_alertmanager, deadline):
    server = start_alertmanager()
    with pytest.raises(Rejected, match=r"alertmanager refused: 404 not found \(check CI_REPORTER_ALERTMANAGER"):
        notifier(f"{server.url}/prefix").send(make_alert(), deadline)


def test_no_label_names_a_run():
    title = f"build 17012345678 of {RUN.revision[:7]} failed after 5 tries"
    found = labels(make_alert(title=title, dedup_key="", run=replace(RUN, pipeline_id="17012345678", change="12")))
    assert (found["about"], found["branch"]) == ("build … of … failed after 5 tries", "pull_request")
    assert not any(RUN.ci_run_id in value or RUN.revision in value for value in found.values())


@pytest.mark.parametrize(
    ("branch", "default", "said"),
    [("main", None, "main"), ("develop", "develop", "develop"), ("main", "develop", "other"), ("fix/1", None, "other")],
)
def test_of_branches_only_the_default_one_is_named(branch, default, said):
    assert labels(make_alert(run=replace(RUN, branch=branch, default_branch=default)))["branch"] == said


def test_an_alert_that_waited_has_its_whole_time():
    sent = json.loads(notifier("http://am.example").preview(make_alert(at_s=1.0)).partition("\n\n")[2])[0]
    assert sent["startsAt"] == "1970-01-01T00:00:01.000Z"
    assert sent["endsAt"] > "2026"


def test_labels_are_settings_and_one_that_is_none_is_refused(run_program):
    env = {"CI_REPORTER_ALERTMANAGER": "http://am.example", "CI_REPORTER_ALERTMANAGER_LABEL": "te-am=web"}
    ended = run_program("run", "--", "true", env=env)
    assert ended.returncode == 2
    assert "'te-am=web' is not a label" in ended.stderr
    settings = AlertmanagerSettings(url="http://am.example", label=dict([label("team=web")]))
    assert '"team": "web"' in settings.notifier({}, Language.EN).preview(make_alert())


@pytest.mark.parametrize("status", [200, 403])
def test_a_web_page_is_no_alertmanager(vendor, deadline, status):
    server = vendor(lambda asked: (status, {"Content-Type": "text/html"}, b"<html><title>Sign in</title></html>"))
    with pytest.raises(Rejected, match="alertmanager refused: a web page: Sign in"):
        notifier(server.url).send(make_alert(), deadline)


def test_where_one_may_only_write_it_is_posted(vendor, deadline):
    server = vendor(lambda asked: (200 if asked.method == "POST" else 403, {}, b""))
    notifier(server.url, token="t0ken-t0ken").send(make_alert(state=State.RESOLVED), deadline)
    assert server.asked[-1].headers["authorization"] == "Bearer t0ken-t0ken"
    assert len(server.asked[-1].json) == 1


@pytest.mark.parametrize("status", [429, 500])
def test_what_may_pass_is_tried_again(vendor, deadline, status):
    server = vendor(lambda asked: (status if len(server.asked) == 2 else 200, {"Retry-After": "0"}, b"[]"))
    notifier(server.url).send(make_alert(), deadline)
    assert [asked.method for asked in server.asked] == ["GET", "POST", "POST"]


def test_a_server_that_is_away_may_come_back(deadline):
    with pytest.raises(DeliveryError, match="connection refused") as caught:
        notifier(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)
