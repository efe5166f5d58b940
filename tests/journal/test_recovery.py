"""A step whose reporter is gone gets its record at the next call, once; one whose reporter lives is left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ci_reporter.errors import StateError
from ci_reporter.frozen import replace
from ci_reporter.journal import Journal
from ci_reporter.journal.recovery import cause
from ci_reporter.model import Result

KILLED = "the reporter was killed before the command ended"
DOWN = "the machine went down before the command ended"


def test_a_step_of_a_killed_reporter_is_cancelled(journal, make_orphan):
    orphan = make_orphan()
    (report,) = journal.recover(())
    assert (report.report_id, report.step.result, report.step.reason) == (orphan.report_id, Result.CANCELLATION, KILLED)
    assert (list(journal.reports()), os.listdir(journal.running)) == ([report], [])


def test_what_nobody_has_seen_is_unknown(journal, make_orphan):
    make_orphan()
    (report,) = journal.recover(())
    assert (report.step.exit_code, report.step.finished_at, report.step.duration_ms) == (None, None, None)


def test_a_step_from_before_a_reboot_is_an_error(journal, make_orphan):
    make_orphan(boot_id="another")
    (report,) = journal.recover(())
    assert (report.step.result, report.step.reason) == (Result.ERROR, DOWN)


@pytest.mark.parametrize(
    ("before", "now", "result"),
    [
        pytest.param(2, 3, Result.ERROR, id="memory ran out"),
        pytest.param(2, 2, Result.CANCELLATION, id="memory did not run out"),
        pytest.param(None, 3, Result.CANCELLATION, id="not counted when the step began"),
        pytest.param(2, None, Result.CANCELLATION, id="not counted now"),
        pytest.param(5, 0, Result.CANCELLATION, id="in another container"),
    ],
)
def test_a_reporter_killed_while_memory_ran_out_is_an_error(before, now, result):
    assert cause({"boot_id": "a", "oom_kills": before}, "a", now)[0] is result


def test_the_step_of_a_living_reporter_is_left_alone(journal, make_report):
    running = journal.begin(make_report(finished_at=None))
    assert journal.recover(()) == []
    assert Path(running.path).exists()
    os.close(running.fd)


def test_a_pid_says_nothing(journal, make_orphan):
    make_orphan(pid=os.getpid())  # in another container it is another process
    assert len(journal.recover(())) == 1


def test_a_recovered_record_is_owed_to_the_sinks(journal, make_orphan):
    make_orphan()
    (report,) = journal.recover(("hub",))
    assert [(each.report, each.sink) for each in journal.spool.pending()] == [(report, "hub")]


def test_a_record_that_is_there_already_is_not_doubled_but_owed(journal, make_report):
    running = journal.begin(report := make_report())
    journal.finish(None, report, ())  # and killed before the running file went
    os.close(running.fd)
    assert journal.recover(("hub",)) == []
    assert list(journal.reports()) == [report]
    assert [each.report for each in journal.spool.pending()] == [report]
    assert os.listdir(journal.running) == []


def test_nothing_is_recovered_twice(journal, make_orphan):
    make_orphan()
    assert [len(journal.recover(())) for _ in range(3)] == [1, 0, 0]


RECOVER = """
import sys
from ci_reporter.journal import Journal
from ci_reporter.journal.recovery import cause
sys.stdin.read()  # all of them begin when the test closes their inputs
Journal(sys.argv[1]).recover(("hub",))
"""


def test_many_who_recover_at_once_write_one_record_each(journal, make_orphan):
    orphans = {make_orphan().report_id for _ in range(20)}
    command = [sys.executable, "-c", RECOVER, journal.path]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0] * 4
    assert sorted(each.report_id for each in journal.reports()) == sorted(orphans)
    assert len(journal.spool) == 20


def test_nothing_to_recover_makes_no_folder(journal):
    assert journal.recover(()) == []
    assert not os.path.exists(journal.path)


def put_file(content):
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    "put",
    [
        *(Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hostname")),
        *map(put_file, [b"", b"\xff", b"[1]", b"{}", b"5", b"[" * 99_999, b'{"exit_code":0,"report_id":"../../x"}']),
    ],
    ids=["folder", "fifo", "link", "empty", "binary", "list", "object", "number", "deep", "other id"],
)
def test_garbage_beside_it_does_not_stop_the_recovery(journal, make_orphan, put):
    make_orphan()
    put(garbage := Path(journal.running) / "0.json")
    assert len(journal.recover(())) == 1
    assert journal.foreign_files_warning() == [f"{garbage}: not written by ci-reporter, or damaged; skipped"]


def test_several_pieces_of_garbage_are_one_sentence(journal, make_orphan):
    make_orphan()
    for name in "abc":
        (Path(journal.running) / f"{name}.json").mkdir()
    journal.recover(())
    assert journal.foreign_files_warning() == [
        f"{journal.running}/a.json and 2 more: not written by ci-reporter, or damaged; skipped"
    ]


def test_a_record_that_a_full_disk_refused_is_recovered(small_disk, fill, make_report):
    journal = Journal(str(small_disk / "state"))
    running = journal.begin(report := make_report(finished_at=None))
    ballast = fill(small_disk)
    ended = replace(make_report(exit_code=3, output_tail="x" * 50_000, duration_ms=1234), report_id=report.report_id)
    with pytest.raises(StateError, match="No space left on device; the record waits"):
        journal.finish(running, ended, ("hub",))
    os.close(running.fd)
    ballast.unlink()
    (recovered,) = journal.recover(("hub",))
    assert (recovered.step.exit_code, recovered.step.duration_ms) == (3, 1234)
    assert [each.report for each in journal.spool.pending()] == [recovered]


def test_a_record_that_waits_keeps_its_tail_where_there_is_room(journal, make_report):
    running = journal.begin(report := make_report(output_tail="x" * 50_000))
    Path(journal.steps).mkdir()
    with pytest.raises(StateError, match="the record waits"):
        journal.finish(running, report, ())
    os.close(running.fd)
    Path(journal.steps).rmdir()
    assert journal.recover(()) == [report]


def test_a_record_within_a_full_disk_stays_readable_at_every_size(small_disk, fill, make_report):
    journal = Journal(str(small_disk / "state"))
    running = journal.begin(make_report(finished_at=None))
    fill(small_disk)
    with pytest.raises(StateError, match="No space left on device"):
        journal.finish(running, make_report(name="n" * 9000), ())  # does not fit, however short
    assert json.loads(Path(running.path).read_text())["finished_at"] is None
    os.close(running.fd)


def test_a_record_that_fits_only_in_part_is_taken_back(small_disk, fill, make_report):
    journal = Journal(str(small_disk / "state"))
    journal.finish(None, make_report(), ())
    before = Path(journal.steps).read_bytes()
    fill(small_disk)
    with pytest.raises(StateError, match="No space left on device"):
        journal.finish(None, make_report(output_tail="x" * 9000), ())
    assert Path(journal.steps).read_bytes() == before
