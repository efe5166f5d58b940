"""The state folder: what begins is noted, what is finished is one whole line, what others left does not matter."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ci_reporter.errors import StateError
from ci_reporter.schema import to_json

LINE = b'{"schema":1,"report_id":"'


def test_a_step_that_begins_is_noted_with_its_owner(journal, make_report):
    running = journal.begin(report := make_report())
    flat = json.loads(Path(running.path).read_text())
    assert (flat["report_id"], flat["pid"]) == (report.report_id, os.getpid())


def test_a_finished_step_is_one_line_and_runs_no_more(journal, make_report):
    running = journal.begin(report := make_report(output_tail="two\nlines"))
    journal.finish(running, report, ())
    assert [json.loads(line) for line in Path(journal.steps).read_text().splitlines()] == [to_json(report)]
    assert os.listdir(journal.running) == []


def test_a_record_is_owed_to_every_sink(journal, make_report):
    journal.finish(None, report := make_report(), ("pushgateway", "hub"))
    assert [(each.report, each.sink) for each in journal.spool.pending()] == [(report, "hub"), (report, "pushgateway")]


def test_a_paid_report_is_owed_no_more(journal, make_report):
    journal.finish(None, report := make_report(), ("pushgateway",))
    journal.spool.ack(report.report_id, "pushgateway")
    journal.spool.ack(report.report_id, "pushgateway")
    assert journal.spool.pending() == []


def test_the_folder_ignores_itself_in_git(journal, make_report):
    journal.finish(None, make_report(), ())
    assert (Path(journal.path) / ".gitignore").read_text() == "*\n"


def test_reports_come_back_oldest_first(journal, make_report):
    reports = [make_report(name=f"step {number}") for number in range(3)]
    for each in reports:
        journal.finish(None, each, ())
    assert list(journal.reports()) == reports
    assert journal.newest() == reports[-1]


@pytest.mark.parametrize("run_id", ["run-1", 'quoted"id', "back\\slash", "ünïcode", "new\nline"])
def test_the_reports_of_one_run_are_found(journal, make_report, run_id):
    ours, other = make_report(run_id=run_id), make_report(run_id="run-10")
    for each in (other, ours, other):
        journal.finish(None, each, ())
    assert list(journal.reports(run_id)) == [ours]


@pytest.mark.parametrize("torn", [LINE + b"x", b'{"sch', b"{", b"\n\n", LINE + b'a","measures":{}}'])
def test_a_torn_last_line_is_passed_over_and_spoils_no_other(journal, make_report, torn):
    journal.finish(None, first := make_report(), ())
    with open(journal.steps, "ab") as file:
        file.write(torn)
    journal.finish(None, second := make_report(), ())
    whole = [each for each in journal.reports() if each.report_id != "a"]
    assert (whole, journal.newest(), journal.foreign_files_warning()) == ([first, second], second, [])


@pytest.mark.parametrize(
    "noise", [b"\xff\x00\n" * 9, b"[1]\n", b"hello\n", b'{"a": 1}\n', b"x" * 100_000, b"[" * 9_999]
)
def test_what_is_not_ours_is_passed_over_and_said_once(journal, make_report, noise):
    journal.finish(None, make_report(), ())
    Path(journal.steps).write_bytes(noise)
    journal.finish(None, report := make_report(), ())
    assert list(journal.reports()) == [report]
    assert journal.foreign_files_warning() == [f"{journal.steps}: not written by ci-reporter, or damaged; skipped"]


def test_a_line_of_ours_that_is_damaged_is_passed_over(journal, make_report):
    journal.finish(None, report := make_report(), ())
    with open(journal.steps, "ab") as file:
        file.write(LINE + b'x","duration_ms":"long","exit_code":0}\n')
    assert list(journal.reports()) == [report]


@pytest.mark.parametrize(
    "put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/null")], ids=["dir", "fifo", "link"]
)
def test_something_else_in_place_of_the_records_is_not_touched(journal, make_report, put):
    running = journal.begin(report := make_report())
    put(Path(journal.steps))
    with pytest.raises(StateError, match="the record waits in"):
        journal.finish(running, report, ())
    assert list(journal.reports()) == []
    assert json.loads(Path(running.path).read_text())["finished_at"] == report.step.finished_at


def test_a_folder_that_the_command_has_removed_is_made_again(journal, make_report):
    running = journal.begin(report := make_report())
    os.unlink(running.path)
    os.rmdir(journal.running)
    journal.finish(running, report, ())
    assert list(journal.reports()) == [report]


def test_threads_append_whole_lines(journal, make_report):
    reports = [make_report(output_tail="x" * 5000) for _ in range(40)]
    threads = [threading.Thread(target=journal.finish, args=(None, each, ("hub",))) for each in reports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.report_id for each in journal.reports()} == {each.report_id for each in reports}
    assert len(journal.spool) == 40


APPEND = """
import json, sys
from ci_reporter.journal import Journal
from ci_reporter.schema import from_json
for line in sys.stdin:
    Journal(sys.argv[1]).finish(None, from_json(json.loads(line)), ())
"""


def test_processes_append_whole_lines(journal, make_report):
    reports = [[make_report(output_tail="x" * 50_000) for _ in range(10)] for _ in range(6)]
    command = [sys.executable, "-c", APPEND, journal.path]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in reports]
    for process, each in zip(processes, reports, strict=True):
        process.stdin.write("".join(json.dumps(to_json(report)) + "\n" for report in each))
    for process in processes:
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0] * 6
    assert (
        len({each.report_id for each in journal.reports()}) == len(Path(journal.steps).read_bytes().splitlines()) == 60
    )


def test_a_lock_that_is_held_is_waited_for_not_forever(journal, make_report):
    running = journal.begin(report := make_report())
    with journal.lock(), pytest.raises(StateError, match=r"another process has held it for 2 s; the record waits"):
        journal.finish(running, report, ())


def test_one_run_among_a_hundred_thousand_lines_is_found_fast(journal, make_report):
    journal.finish(None, other := make_report(run_id="other", output_tail="x" * 400), ())
    line = Path(journal.steps).read_bytes()
    Path(journal.steps).write_bytes(line * 100_000)
    journal.finish(None, ours := make_report(run_id="o"), ())
    begun = time.process_time()
    assert list(journal.reports("o")) == [ours]
    assert time.process_time() - begun < 1  # parsing them all takes several
    assert journal.newest() == ours != other


@pytest.mark.parametrize("entry", [b"", b"{}", b"[]", b"\xff", b'{"sink":"hub","report":{}}', b"[" * 99_999])
def test_a_damaged_spool_file_is_passed_over(journal, make_report, entry):
    journal.finish(None, report := make_report(), ("hub",))
    (Path(journal.spool.path) / "0.hub.json").write_bytes(entry)
    assert [each.report for each in journal.spool.pending()] == [report]


def test_a_spool_file_under_a_wrong_name_is_not_owed_for_ever(journal, make_report):
    journal.finish(None, report := make_report(), ("hub",))
    path = Path(journal.spool.path) / f"{report.report_id}.hub.json"
    path.rename(path.with_name("copy.hub.json"))
    assert journal.spool.pending() == []


@pytest.mark.parametrize("put", [Path.touch, lambda path: path.symlink_to(path.name)], ids=["file", "loop"])
def test_something_else_in_place_of_the_spool_loses_no_record(journal, make_report, put):
    running = journal.begin(report := make_report())
    put(Path(journal.spool.path))
    with pytest.raises(StateError, match=r"spool/.*; the record waits in"):
        journal.finish(running, report, ("hub",))
    assert list(journal.reports()) == [report]
    assert (len(journal.spool), journal.spool.pending()) == (0, [])
