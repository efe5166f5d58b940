"""`ci-reporter notify` and `notify test`, the installed program against channels that take it and that do not."""

import json

import pytest

PATH = "/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnopqrstuvwx"


@pytest.fixture
def slack(vendor):
    """A webhook that answers with this word; the environment to reach it."""

    def start(word=b"ok", status=200):
        found = vendor(lambda asked: (status, {}, word))
        return found, {"CI_REPORTER_SLACK": f"{found.url}{PATH}"}

    return start


def alerts(run_program):
    return list((run_program.state / "alerts").glob("*.json"))


def test_an_alert_goes_to_the_channels_that_are_set_up(run_program, slack):
    vendor, env = slack()
    line = ("--title", "nightly import is late", "--text", "since 3:00", "--level", "error", "--field", "Rows=0")
    ended = run_program("notify", *line, "--link", "Dashboard=https://grafana.example/d/1", env=env)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "ci-reporter: slack took it\n")
    sent = vendor.asked[0].body.decode()
    assert [each for each in ("🔴 nightly import is late", "since 3:00", "Rows", "grafana") if each not in sent] == []


def test_the_text_may_come_from_stdin(run_program, slack):
    vendor, env = slack()
    run_program("notify", "--title", "x", "--text", "-", env=env, stdin="from a pipe")
    assert "from a pipe" in vendor.asked[0].body.decode()


def test_what_the_last_step_came_to_may_be_filled_in(run_program, slack):
    vendor, env = slack()
    junit = '<testsuite name="a"><testcase name="adds up"><failure/></testcase></testsuite>'
    (run_program.folder / "junit.xml").write_text(junit)
    env |= {"CI_RUN_ID": "run-1"}
    run_program("run", "--name", "unit", "--tests", "junit.xml", "--", "sh", "-c", "exit 3", env=env)
    ended = run_program("notify", "--from-journal", env=env)
    assert ended.returncode == 0, ended.stderr
    assert vendor.asked[0].json["text"] == "🔴 unit: failure"
    sent = vendor.asked[0].body.decode()
    assert [each for each in ("Exit code", "1 of 1 failed", "adds up", "Duration") if each not in sent] == []


def test_where_no_step_is_recorded_nothing_is_filled_in(run_program, slack):
    vendor, env = slack()
    ended = run_program("notify", "--from-journal", env=env | {"CI_RUN_ID": "run-1"})
    assert (ended.returncode, vendor.asked) == (2, [])
    assert "no step of run run-1 is recorded in" in ended.stderr


def test_nothing_that_is_set_up_is_a_normal_state(run_program):
    ended = run_program("notify", "--title", "x", "--strict")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "no channel is set up, so nothing was sent" in ended.stderr


def test_a_channel_without_its_secret_is_quiet_and_green(run_program):
    """As in the job of a fork."""
    ended = run_program("notify", "--to", "slack", "--title", "x", env={"CI_REPORTER_SLACK": ""})
    assert ended.returncode == 0
    assert "slack did not take it: it is not set up (set CI_REPORTER_SLACK)" in ended.stderr


def test_a_channel_that_nobody_knows_is_a_mistake(run_program):
    ended = run_program("notify", "--to", "slak", "--title", "x")
    assert (ended.returncode, ended.stderr) == (
        2,
        "ci-reporter: no channel named 'slak' (perhaps you meant 'slack')\n",
    )


@pytest.mark.parametrize("arguments", [[], ["--title", "x", "--field", "a"], ["--title", "x", "--link", "=b"]])
def test_half_an_alert_is_a_mistake(run_program, arguments):
    ended = run_program("notify", *arguments)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 70)])
def test_what_a_channel_does_not_take_waits_and_fails_the_job_only_under_strict(run_program, slack, strict, code):
    _, env = slack(b"", 503)
    ended = run_program("notify", "--title", "x", *strict, env=env)
    assert ended.returncode == code
    assert "slack did not take it" in ended.stderr and "'ci-reporter flush' sends it again" in ended.stderr
    assert len(alerts(run_program)) == 1


def test_what_waits_goes_out_with_a_flush(run_program, slack):
    run_program("notify", "--title", "late", env={"CI_REPORTER_SLACK": f"http://127.0.0.1:1{PATH}"})
    vendor, env = slack()
    ended = run_program("flush", "--strict", env=env)
    assert (ended.returncode, alerts(run_program)) == (0, [])
    assert "1 message sent, 0 alerts left" in ended.stderr
    assert "late" in vendor.asked[0].body.decode()


def test_what_waits_for_a_channel_without_settings_goes_on_waiting(run_program):
    run_program("notify", "--title", "late", env={"CI_REPORTER_SLACK": f"http://127.0.0.1:1{PATH}"})
    ended = run_program("flush", "--strict")
    assert (ended.returncode, len(alerts(run_program))) == (70, 1)
    assert "alerts wait for 'slack': it is not set up" in ended.stderr


def test_a_reason_is_said_once_for_all_alerts_of_a_channel(run_program, slack):
    _, env = slack(b"", 503)
    run_program("notify", "--title", "x", env=env)
    ended = run_program("notify", "--title", "y", env=env | {"CI_REPORTER_BUDGET": "30s"})
    assert (len(alerts(run_program)) > 0, ended.stderr.count("did not take it")) == (True, 1)


def test_an_alert_with_a_title_goes_out_where_no_step_is_recorded(run_program, slack):
    vendor, env = slack()
    ended = run_program("notify", "--from-journal", "--title", "job died", env=env)
    assert (ended.returncode, len(vendor.asked)) == (0, 1)
    assert "warning: option --from-journal: no step of run" in ended.stderr


def test_a_damaged_file_is_said_and_does_not_count_as_an_alert_that_waits(run_program):
    folder = run_program.state / "alerts"
    folder.mkdir(parents=True)
    (folder / "0198c0de-0000-7000-8000-000000000001.slack.json").write_text("{")
    ended = run_program("flush", "--strict")
    assert ended.returncode == 0
    assert f"1 files in {folder} are damaged; they were skipped" in ended.stderr
    assert "0 messages sent, 0 alerts left" in ended.stderr


def test_a_secret_is_in_no_output_and_in_no_file(run_program, slack):
    _, env = slack(b"", 503)
    env |= {"DEPLOY_TOKEN": "hunter2secret"}
    title = ("--title", f"cannot reach https://hooks.slack.com{PATH}", "--text", "it said hunter2secret")
    said = [
        run_program("notify", *title, *more, env=env)
        for more in ((), ("--json",), ("--dry-run",), ("--to", "slack", "--strict"))
    ]
    said.append(run_program("notify", "test", env=env))
    texts = [each.stdout + each.stderr for each in said] + [path.read_text() for path in alerts(run_program)]
    assert [text for text in texts if "hunter2secret" in text or "abcdefghijklmnopq" in text] == []


def test_a_dry_run_prints_the_payload_and_sends_nothing(run_program, slack):
    vendor, env = slack()
    ended = run_program("notify", "--title", "x", "--dry-run", env=env)
    head, _, body = ended.stdout.partition("\n\n")
    assert head.startswith("slack:\nPOST http://127.0.0.1:")
    assert json.loads(body)["text"] == "🔵 x"
    assert vendor.asked == []


def test_json_tells_what_became_of_it(run_program, slack):
    _, env = slack()
    ended = run_program("notify", "--title", "x", "--json", env=env)
    nothing = {"waiting": [], "refused": [], "references": {}, "without_chart": []}
    assert json.loads(ended.stdout) == {"channel": "slack", "taken": 1, **nothing}


@pytest.mark.parametrize(
    ("word", "code", "said"), [(b"ok", 0, "ok    slack\n"), (b"no_service", 1, "FAIL  slack\n      → slack refused")]
)
def test_a_sample_to_each_channel_gives_a_verdict_a_line(run_program, slack, word, code, said):
    _, env = slack(word)
    ended = run_program("notify", "test", env=env)
    assert ended.returncode == code
    assert ended.stdout.startswith(said)
    assert not run_program.state.exists()


def test_the_help_names_every_variable_of_every_channel(run_program):
    assert "CI_REPORTER_SLACK[_FILE]" in run_program("notify", "--help").stdout


def test_a_black_hole_costs_no_more_than_the_budget(run_program, black_hole):
    ended = run_program(
        "notify", "--title", "x", env={"CI_REPORTER_SLACK": f"{black_hole}{PATH}", "CI_REPORTER_BUDGET": "1s"}
    )
    assert ended.returncode == 0
    assert "no answer" in ended.stderr  # of the server, or of the channel as a whole: both watch the clock
    assert ended.seconds < 20


@pytest.mark.parametrize("url", ["javascript:alert(1)", "wiki.example", "https://x.example/\x1b"])
def test_a_link_that_is_not_a_web_address_is_refused(run_program, url):
    ended = run_program("notify", "--title", "x", "--link", f"Runbook={url}")
    assert (ended.returncode, "is not a web address (write Runbook=https://…)" in ended.stderr) == (2, True)


def test_what_a_channel_refuses_is_said_to_be_lost(run_program, slack):
    _, env = slack(b"no_service", 404)
    ended = run_program("notify", "--title", "x", env=env)
    assert "refused: no_service" in ended.stderr and "; it is not sent again" in ended.stderr
