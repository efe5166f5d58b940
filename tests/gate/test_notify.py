"""`then: notify` really sends: the installed program, a service that goes down, a channel that takes it or does not."""

import json

import pytest

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
PATH = "/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnopqrstuvwx"
ACTIONS = """
actions:
  rollback: { run: "true", verify: false }
  people: { to: slack }
"""


@pytest.fixture
def slack(backend):
    """A webhook of Slack's: its messages, and the environment to reach it; `status` is what it answers."""

    def start(status=200):
        server, messages = backend(), []

        def act(handler):
            messages.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
            handler.send_response(status)
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"ok")

        server.act = act
        return messages, {"CI_REPORTER_SLACK": f"http://127.0.0.1:{server.port}{PATH}"}

    return start


@pytest.fixture
def failed_gate(run_program, backend, gate_yml):
    """A gate on a service that goes down in the watch."""

    def run(then, env):
        service = backend(NEW)
        service.answer_from(40, lambda handler: handler.send_error(503))
        rules = gate_yml(f'if: "down for 1s", then: {then}', more=ACTIONS)
        args = ("--rules", rules, "--expect-revision", NEW, "--json", "--environment", "production")
        ended = run_program("gate", service.url, *args, env=env)
        return ended, json.loads(ended.stdout)

    return run


def test_the_channel_hears_what_failed_and_what_was_done(failed_gate, slack):
    messages, env = slack()
    ended, _ = failed_gate("[people, rollback]", env | {"CI_REPORTER_LAST_GOOD": OLD})
    (message,) = messages
    assert ended.returncode == 6
    assert message["text"] == "🚨 gate: fail, NOT rolled back, 127.0.0.1 in production"
    blocks = json.dumps(message["attachments"], ensure_ascii=False)
    assert [each for each in ("what: rule0", "done: rollback ran for", "status 503") if each not in blocks] == []


def test_a_channel_that_is_down_changes_no_exit_code_and_hears_of_it_later(failed_gate, slack, run_program):
    _, env = slack(503)
    ended, found = failed_gate("notify", env)
    assert ended.returncode == 1
    assert found["actions"][0]["problem"].startswith("slack did not take it yet")
    messages, env = slack()
    assert run_program("flush", env=env).returncode == 0
    assert messages[0]["text"] == "🔴 gate: fail, 127.0.0.1 in production"


def test_a_channel_that_nobody_knows_is_said_before_the_gate_begins(run_program, backend, gate_yml):
    service = backend(NEW)
    rules = gate_yml('if: "down for 1s", then: people', more="\nactions:\n  people: { to: slak }\n")
    ended = run_program("gate", service.url, "--rules", rules, "--expect-revision", NEW)
    assert (ended.returncode, service.asked) == (2, 0)
    assert "no channel named 'slak' (perhaps you meant 'slack')" in ended.stderr


def test_a_channel_that_is_not_set_up_is_a_warning(failed_gate):
    ended, _ = failed_gate("people", {})
    assert ended.returncode == 1
    assert "action 'people' tells slack, and it is not set up (set CI_REPORTER_SLACK)" in ended.stderr
