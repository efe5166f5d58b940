"""The file that remembers: what goes in comes out, it stays small, and whatever stands in it does no harm."""

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.journal.files import try_lock
from ci_reporter.notify.policies.policy import Policy
from ci_reporter.notify.policies.state import Entry, Episode, Member, Seen, transition
from ci_reporter.notify.policies.statefile import State, StateFile, remember
from ci_reporter.system.deadline import Deadline

RULE = Policy(name="red", text="result == failure")
EPISODE = Episode(since_s=1.0, runs=3, told=("slack",), told_at_s=2.0, references={"slack": "1503.1"}, least=True)
ENTRY = Entry(
    members={"step=unit": Member(holds=True, since_s=1.0, runs=3, at_s=2.0)},
    episode=EPISODE,
    ended=Episode(since_s=0.0, runs=1, sure=False),
    last_told_s=2.0,
)


@pytest.fixture
def file(tmp_path):
    return StateFile(str(tmp_path / "alerts.json"))


def test_what_is_written_is_read(file, make_report):
    report = make_report(coverage_pct=90.5, measures={"a": 1.0})
    state = remember(State(), "step=unit", report, {("main is red", "step=unit"): ENTRY})
    assert file.write(state) == ""
    assert file.read() == (state, "")


def test_a_file_that_is_not_there_is_nothing_and_no_problem(file):
    assert file.read() == (State(), "")


@pytest.mark.parametrize("text", ["", "{", '{"version":', '{"version":2}', '{"version":1}', "\x00" * 99])
def test_a_damaged_file_is_nothing_and_said(file, text):
    with open(file.path, "w") as out:
        out.write(text)
    state, problem = file.read()
    assert state == State()
    assert problem.endswith("alerts.json is damaged, and is written anew")


@pytest.mark.parametrize(
    "text",
    ['{"name": "shop"}', '{\n  "version": "1.0.0"\n}', "[]", "7", "null", "print(1)", "[" * 9999],
    ids=["package.json", "a version of its own", "list", "number", "null", "program", "brackets"],
)
def test_a_file_of_somebody_else_is_said_and_stays_as_it_is(file, text):
    Path(file.path).write_text(text)
    state, problem = file.read()
    assert (state, file.write(State())) == (State(), problem)
    assert "alerts.json is not a state file of ci-reporter, and stays as it is" in problem
    assert Path(file.path).read_text() == text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", *vars(ENTRY), *vars(EPISODE), "holds", "at_s"]), inner, max_size=6)
    ),
    max_leaves=10,
)


@given(JSON, JSON)
def test_whatever_stands_in_it_is_read_or_said(tmp_path_factory, reports, rules):
    file = StateFile(str(tmp_path_factory.mktemp("state") / "alerts.json"))
    with open(file.path, "w") as out:
        json.dump({"version": 1, "reports": reports, "rules": rules}, out)
    state, problem = file.read()
    for entry in state.entries.values():  # what was read can be worked with
        transition(RULE, entry, Seen(series="unit", holds=True, at_s=1.0, channels=("slack",)))
        transition(RULE, entry, Seen(series="unit", holds=False, at_s=1.0, channels=("slack",)))
    assert problem or isinstance(state, State)


def test_of_a_series_the_last_good_runs_and_the_last_others_stay(make_report):
    state = State()
    for at in range(40):
        result = "success" if at % 2 else "failure"
        state = remember(state, "s", make_report(report_id=f"r{at}", result=result), {})
    kept = [each.report_id for each in state.reports["s"]]
    assert kept == sorted((*(f"r{at}" for at in range(21, 40, 2)), *(f"r{at}" for at in (34, 36, 38))))


def test_series_and_rules_that_were_seen_long_ago_make_room(make_report):
    state = State()
    for at in range(600):
        state = remember(state, f"s{at}", make_report(), {("rule", f"{at}.{n}"): Entry() for n in range(4)})
    assert (len(state.reports), len(state.entries)) == (500, 2000)
    assert "s599" in state.reports and ("rule", "599.3") in state.entries


def test_only_one_at_a_time_has_the_lock(file):
    inside, most = [], []

    def use():
        with file.lock(Deadline(30)) as ours:
            inside.append(1)
            most.append(len(inside) if ours else 0)
            inside.pop()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1] * 8


def test_who_cannot_get_the_lock_goes_on_without_it(file):
    fd = os.open(f"{file.path}.lock", os.O_RDWR | os.O_CREAT)
    assert try_lock(fd)
    with file.lock(Deadline(0.1)) as ours:
        assert not ours
    os.close(fd)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "plain").write_text("")
    file = StateFile(str(tmp_path / "plain" / "alerts.json"))
    with file.lock(Deadline(1)) as ours:
        assert not ours
    assert "the next run may say the same again" in file.write(State())


@pytest.mark.parametrize("through_a_link", [False, True], ids=["itself", "link"])
def test_what_is_not_a_plain_file_is_not_replaced(tmp_path, through_a_link):
    pipe, path = tmp_path / "pipe", tmp_path / "alerts.json"
    os.mkfifo(pipe if through_a_link else path)
    if through_a_link:
        path.symlink_to(pipe)
    assert StateFile(str(path)).write(State()).startswith(f"cannot write {path}: it is not a plain file")
    assert path.is_fifo()
