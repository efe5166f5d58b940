"""Commands that alert rules set in motion: what they may be called, what they read, how they end."""

import json
import os
from pathlib import Path

import pytest

from ci_reporter.config import yaml
from ci_reporter.errors import Rejected, UsageError
from ci_reporter.notify.actions import Action, CommandNotifier, actions
from ci_reporter.system.deadline import Deadline
from tests.notify.makers import make_alert


def read(text):
    return actions(yaml.parse(text.encode(), "c.yml"))


def command(run, **more):
    return CommandNotifier(action=Action(name="ticket", run=run, **more), env={"PATH": os.environ["PATH"]})


def test_a_command_and_a_word_for_channels_are_read():
    found = read("ticket: {run: ./open.sh, timeout: 5s}\npage: {to: [slack, log]}")
    assert found["ticket"] == Action(name="ticket", run="./open.sh", timeout_s=5.0)
    assert found["page"].to == ("slack", "log")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ticket: {run: x}", "c.yml line 1: an action cannot be called 'Ticket'"),
        ("slack: {run: x}", "an action cannot be called 'slack': the name is a channel's"),
        ("notify: {run: x}", "an action cannot be called 'notify'"),
        ("a: {}", "an action has run: or to: (write run: ./open-ticket.sh, or to: [slack, email])"),
        ("a: {run: x, to: slack}", "an action has run: or to:"),
        ("a: {to: slak}", "c.yml line 1: to: no channel named 'slak' (perhaps you meant 'slack')"),
        ("a: {run: x, timeout: 5}", "timeout: '5' has no unit"),
        ("a: {runs: x}", "unknown key 'runs' (perhaps you meant 'run')"),
    ],
)
def test_a_mistake_names_line_key_value_and_way_out(text, said):
    with pytest.raises(UsageError) as error:
        read(text)
    assert said in str(error.value)


def test_a_command_reads_the_alert_as_json(tmp_path, deadline):
    command(f"cat > {tmp_path}/got").send(make_alert(), deadline)
    assert json.loads((tmp_path / "got").read_text())["title"] == "unit failed"


def test_a_command_that_reads_nothing_does_no_harm(deadline):
    command("true").send(make_alert(text="x" * 1_000_000), deadline)


def test_what_the_alert_says_is_never_run(tmp_path, deadline):
    command("cat > /dev/null").send(make_alert(title=f"$(touch {tmp_path}/owned); touch {tmp_path}/owned"), deadline)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(("run", "said"), [("exit 3", "exit code 3"), ("kill -KILL $$", "exit code 137")])
def test_a_command_that_fails_is_not_repeated(run, said, deadline):
    with pytest.raises(Rejected, match=f"ticket ended with {said}"):
        command(run).send(make_alert(), deadline)


@pytest.mark.parametrize(("timeout_s", "budget_s"), [(1, 60), (60, 1)], ids=["timeout", "budget"])
def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path, timeout_s, budget_s, eventually):
    hangs = command(f"sleep 600 & echo $! > {tmp_path}/pid; sleep 600", timeout_s=timeout_s)
    with pytest.raises(Rejected, match="it took longer than its timeout, or than the budget"):
        hangs.send(make_alert(), Deadline(budget_s))
    stat = Path("/proc") / (tmp_path / "pid").read_text().strip() / "stat"
    eventually(lambda: not stat.exists() or ") Z " in stat.read_text(), "the end of what it started")


def test_a_command_has_the_signals_that_a_program_expects(tmp_path, deadline):
    command(f"grep SigBlk /proc/self/status > {tmp_path}/mask").send(make_alert(), deadline)
    assert (tmp_path / "mask").read_text().split() == ["SigBlk:", "0" * 16]
