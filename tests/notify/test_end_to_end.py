"""From a step to a channel and back, by the installed program: what only several calls, or several rooms, show."""

import json

import pytest

from ci_reporter.cli.gate.notify import tell
from ci_reporter.context import load_context
from ci_reporter.gate.rules import rulefile
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.outcome import Outcome, Rollback
from ci_reporter.gate.run.phases import Watch
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.verdict import Verdict
from tests.gate.conftest import make_recording
from tests.notify.makers import RUN, form_of
from tests.notify.policies.conftest import GITHUB, Jobs
from tests.notify.test_github import TOKEN, GitHub

SHA = GITHUB["GITHUB_SHA"]

CARRIER = '''
"""A channel of another package: each alert is a line of a file."""

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.notifier import Rate


class CarrierSettings(Settings, group="carrier"):
    file: str | None = setting(None, values.text, "FILE", "Carrier: where it goes.", main=True)
    seal: str | None = setting(None, values.text, "", "Carrier: the seal.", secret=True)

    def notifier(self, env, language):
        return Carrier(self.file, self.seal, language)


class Carrier:
    name, rate = "carrier", Rate(count=5, per_s=1.0)

    def __init__(self, file, seal, language):
        self.file, self.seal, self.language = file, seal, language

    def send(self, alert, deadline):
        if self.file == "refuse":
            raise Rejected(f"the pigeon is dead, {self.seal}")
        with open(self.file, "a") as file:
            file.write(f"{alert.title} {alert.state} {self.language}\\n")

    def preview(self, alert):
        return f"a pigeon with {alert.title}"
'''


@pytest.fixture
def job(run_program, vendor):
    """A job on GitHub whose channels are all on one server, which answers by `answer`."""

    def make(answer=lambda asked: (200, {}, b"{}"), rules="", **env):
        server = vendor(answer)
        variables = {name: value.replace("URL", server.url) for name, value in env.items()}
        made = Jobs(program=run_program, chat=server, env={**GITHUB, **variables})
        if rules:
            made.rules(rules)
        return made

    return make


@pytest.fixture
def carrier(run_program, tmp_path):
    """The program beside another package that has a channel."""
    (tmp_path / "carrier_channel.py").write_text(CARRIER)
    info = tmp_path / "carrier-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ci_reporter.notifiers]\ncarrier = carrier_channel:CarrierSettings\n")

    def call(*args, **env):
        return run_program(*args, env={"PYTHONPATH": str(tmp_path), **env})

    return call


def test_a_channel_of_another_package_is_told_of_steps(carrier, run_program):
    for command in ("false", "true"):
        carrier("run", "--name", "unit", "--notify-on", "change", "--", command, CI_REPORTER_CARRIER="post")
    assert (run_program.folder / "post").read_text() == "unit: failure firing en\nunit resolved en\n"


def test_a_channel_of_another_package_is_named_in_rules_and_by_notify(carrier, run_program):
    (run_program.folder / ".ci-reporter.yml").write_text("alerts: [{if: result == failure, then: carrier}]")
    carrier("run", "--", "false", CI_REPORTER_CARRIER="post")
    ended = carrier("notify", "--to", "carrier", "--title", "hello", CI_REPORTER_CARRIER="post")
    assert ended.stderr == "ci-reporter: carrier took it\n"
    assert (run_program.folder / "post").read_text() == "false: failure firing en\nhello firing en\n"


def test_the_words_of_a_channel_of_another_package_hold_no_secret(carrier):
    ended = carrier("notify", "--title", "x", CI_REPORTER_CARRIER="refuse", CI_REPORTER_CARRIER_SEAL="wax-and-ribbon")
    assert "carrier did not take it: the pigeon is dead, ***; it is not sent again" in ended.stderr


def test_a_bots_last_word_is_in_the_thread_of_its_first(job):
    stamps = iter(("1503435956.000247", "1503435957.000001"))
    bot = job(
        lambda asked: (200, {}, json.dumps({"ok": True, "ts": next(stamps)}).encode()),
        rules="- {name: red, if: result == failure}",
        CI_REPORTER_SLACK_TOKEN="xoxb-1",
        CI_REPORTER_SLACK_CHANNEL="#ci",
        CI_REPORTER_SLACK_API="URL",
    )
    for command in ("false", "false", "true"):
        bot(command)
    assert [each.json.get("thread_ts") for each in bot.chat.asked] == [None, "1503435956.000247"]


def test_a_commit_and_its_deployment_on_github_are_red_and_then_green(job):
    github = GitHub()
    runner = job(
        github,
        CI_REPORTER_GITHUB_TOKEN=TOKEN,
        CI_REPORTER_GITHUB_DEPLOYMENT="create",
        GITHUB_API_URL="URL",
        GITHUB_SHA=RUN.revision,
    )
    for command in ("false", "true"):
        runner(command, options=("--notify-on", "change", "--environment", "production"))
    (deployment,) = github.deployments
    states = [each.json["state"] for each in runner.chat.asked if f"/statuses/{RUN.revision}" in each.path]
    assert (states, deployment["statuses"]) == (["failure", "success"], ["failure", "success"])


def test_a_commit_on_gitlab_is_red_and_then_green(job):
    gitlab = job(
        lambda asked: (201, {}, b'{"id": 1}'),
        CI_REPORTER_GITLAB_TOKEN="glpat-1",
        CI_API_V4_URL="URL/api/v4",
    )
    for command in ("false", "true"):
        gitlab(command, options=("--notify-on", "change"))
    assert [(each.path, each.json["state"]) for each in gitlab.chat.asked] == [
        (f"/api/v4/projects/acme%2Fshop/statuses/{SHA}", "failed"),
        (f"/api/v4/projects/acme%2Fshop/statuses/{SHA}", "success"),
    ]


def test_a_step_is_told_to_the_log(job):
    said = job()("false", options=("--notify-on", "failure", "--notify-to", "log")).stderr
    (line,) = [json.loads(each) for each in said.splitlines() if each.startswith("{")]
    assert (line["level"], line["state"], line["result"]) == ("error", "firing", "failure")


def test_a_rule_about_a_deploy_watches_steps_of_that_environment_alone(job):
    chat = job(
        lambda asked: (200, {}, b"ok"),
        rules="- {name: broken, on: deploy-to-production, if: result == failure}",
        CI_REPORTER_SLACK="URL/x",
    )
    for environment in ("staging", "production"):
        chat("false", options=("--environment", environment))
    chat("false")
    assert chat.heard == ["🔴 broken (unit)"]


def test_a_group_is_one_message_and_over_when_all_of_it_is(job):
    chat = job(
        lambda asked: (200, {}, b"ok"),
        rules="- {name: red, if: result == failure, group: [tags.team]}",
        CI_REPORTER_SLACK="URL/x",
    )
    for name, command in (("a", "false"), ("b", "false"), ("a", "true"), ("b", "true")):
        chat.program("run", "--name", name, "--tag", "team=web", "--", command, env=chat.env)
    assert chat.heard == ["🔴 red (a)", "✅ Resolved: red (b)"]


def test_people_are_called_and_told_in_chinese(job):
    chat = job(
        lambda asked: (200, {}, b'{"errcode":0,"errmsg":"ok"}'),
        CI_REPORTER_DINGTALK="URL/robot/send?access_token=1",
        CI_REPORTER_DINGTALK_MENTIONS="13800000000",
        CI_REPORTER_NOTIFY_LANGUAGE="zh",
    )
    chat("false", options=("--notify-on", "failure"))
    message = chat.chat.asked[0].json
    assert message["at"]["atMobiles"] == ["13800000000"]
    assert "@13800000000" in message["markdown"]["text"] and "结果" in message["markdown"]["text"]


def test_what_is_too_long_is_cut_between_characters(job):
    chat = job(
        lambda asked: (200, {}, b'{"errcode":0,"errmsg":"ok"}'),
        rules=f'- {{if: result == failure, message: "失败\\n{"汉字🚨" * 900}"}}',
        CI_REPORTER_WECOM="URL/cgi-bin/webhook/send?key=1",
    )
    chat("false")
    text = chat.chat.asked[0].json["markdown"]["content"]
    assert len(text.encode()) <= 4096
    assert "\ufffd" not in text and "acme/shop" in text


def test_a_gate_tells_of_its_verified_rollback_with_a_picture_of_what_led_to_it(vendor, tmp_path):
    server = vendor(lambda asked: (200, {}, b'{"ok": true, "result": {"message_id": 365}}'))
    env = {
        "CI_REPORTER_TELEGRAM_TOKEN": "110201543:AAHdqTcvCH1v",
        "CI_REPORTER_TELEGRAM_CHAT": "-100",
        "CI_REPORTER_TELEGRAM_API": server.url,
    }
    after = make_recording(seconds=60, slower=3.0)
    ended = Outcome(
        watch=Watch(verdict=Verdict(verdict="fail", decided_at_s=30.0, rules=()), recording=after, warmup=after),
        reference=Reference(recording=make_recording("baseline", seconds=60)),
        rollback=Rollback(worked=True, verified=True, statement="the old one answers"),
    )
    rules = b'gate: {url: "https://shop.example/"}\nrules: [{name: slow, if: "http_latency_p95 > +10%", then: notify}]'
    plan = GatePlan(rules=rulefile.parse(rules, "gate.yml"))
    context = load_context(env, str(tmp_path))
    assert tell(context, RUN, plan, Action(name="notify"), ended) == []
    message, photo = server.asked
    assert (message.path.rpartition("/")[2], photo.path.rpartition("/")[2]) == ("sendMessage", "sendPhoto")
    assert "gate: fail, rolled back" in message.json["text"] and "the old one answers" in message.json["text"]
    assert form_of(photo)["caption"] == b"latency, ms: p95, p50"
