"""What waits in the spool gets out, and never over something newer."""

from __future__ import annotations

import json

import pytest

from ci_reporter.system.deadline import Deadline

DEAD = "http://127.0.0.1:1"


@pytest.fixture
def step(run_program):
    """Run a step that pushes to the address."""

    def run(url, *args, name="s", **env):
        return run_program(
            "run",
            "--name",
            name,
            *args,
            env={"CI_REPORTER_PUSHGATEWAY": url, "CI_REPORTER_PROVIDER": "local", "CI_REPORTER_BUDGET": "30s"} | env,
        )

    return run


@pytest.fixture
def flush(run_program):
    """Flush to the address."""

    def run(url=None, *args, **env):
        address = {"CI_REPORTER_PUSHGATEWAY": url} if url else {}
        return run_program(
            "flush", *args, env={"CI_REPORTER_PROVIDER": "local", "CI_REPORTER_BUDGET": "30s"} | address | env
        )

    return run


@pytest.mark.services
def test_a_flush_does_not_overwrite_a_newer_state(step, flush, pushgateway, values, run_program, tmp_path):
    step(DEAD, "--", "false")
    (run_program.state / "spool").rename(tmp_path / "aside")
    step(pushgateway.url, "--", "true")
    (run_program.state / "spool").rmdir()
    (tmp_path / "aside").rename(run_program.state / "spool")
    assert "1 of 1 waiting reports delivered, 0 left" in flush(pushgateway.url).stderr
    assert values(pushgateway)["ci_step_success"] == 1


@pytest.mark.services
def test_a_later_step_pays_for_what_it_supersedes(step, pushgateway, values, run_program):
    step(DEAD, "--", "false")
    step(pushgateway.url, "--", "true")
    assert (values(pushgateway)["ci_step_success"], run_program.spooled()) == (1, [])


@pytest.mark.services
def test_what_is_newer_than_the_group_is_pushed(step, flush, pushgateway, values):
    step(pushgateway.url, "--", "false")
    step(DEAD, "--", "true")
    flush(pushgateway.url)
    assert values(pushgateway)["ci_step_success"] == 1


@pytest.mark.services
def test_several_reports_of_one_group_arrive_as_its_newest_state(step, flush, pushgateway, values):
    step(DEAD, "--measure", "a=7", "--", "true")
    step(DEAD, "--", "false")
    assert "2 of 2 waiting reports delivered" in flush(pushgateway.url).stderr
    found = values(pushgateway)
    assert (found["ci_step_success"], found["ci_measure"]) == (0, 7)
    assert found["ci_step_last_success_timestamp_seconds"] < found["ci_step_last_completion_timestamp_seconds"]


@pytest.mark.services
def test_a_second_flush_has_nothing_to_do(step, flush, pushgateway):
    step(DEAD, "--", "true")
    flush(pushgateway.url)
    again = flush(pushgateway.url, "--strict")
    assert (again.returncode, "0 of 0 waiting reports delivered, 0 left" in again.stderr) == (0, True)


@pytest.mark.services
def test_a_report_that_is_refused_does_not_hold_up_the_others(step, flush, pushgateway, gateway, groups, run_program):
    gateway(pushgateway).push({"job": "other"}, b"ci_measure 1\n", Deadline(5))
    step(DEAD, "--measure", "a=1", "--", "true", name="refused")
    step(DEAD, "--", "true", name="well")
    ended = flush(pushgateway.url, "--strict")
    assert (ended.returncode, "1 of 2 waiting reports delivered, 1 left" in ended.stderr) == (70, True)
    assert [each["report"]["step"] for each in run_program.spooled()] == ["refused"]
    assert "well" in [each["labels"].get("step") for each in groups(pushgateway)]


def test_a_failed_flush_keeps_everything_and_says_why_once(step, flush, run_program):
    for _ in range(3):
        step(DEAD, "--", "true")
    ended = flush(DEAD)
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "ci-reporter: warning: not delivered: cannot reach http://127.0.0.1:1: connection refused",
        "ci-reporter: 0 of 3 waiting reports delivered, 3 left",
    ]
    assert len(run_program.spooled()) == 3


def test_the_reason_in_the_spool_is_the_last_one(step, flush, run_program, vendor, answer):
    step(DEAD, "--", "true")
    flush(vendor(answer(503, b"later")).url)
    assert run_program.spooled()[0]["reason"].endswith("answered 503: later")


def test_a_flush_keeps_its_budget(step, flush, vendor, ours_s):
    for number in range(3):
        step(DEAD, "--", "true", name=str(number))
    ended = flush(vendor(lambda _, over: over.wait(10)).url, CI_REPORTER_BUDGET="1s")
    assert ended.seconds < 1 + ours_s()
    assert "0 of 3 waiting reports delivered, 3 left" in ended.stderr


def test_a_gateway_that_does_not_show_its_groups_is_said(step, flush, vendor, answer):
    step(DEAD, "--", "true")
    said = "cannot list what the gateway holds: "
    assert said in flush(vendor(answer(403)).url).stderr


def test_a_spool_without_a_sink_is_said(step, flush, run_program):
    step(DEAD, "--", "true")
    ended = flush()
    assert "1 reports wait for 'pushgateway', which is not configured (set CI_REPORTER_PUSHGATEWAY)" in ended.stderr
    assert (flush(None, "--strict").returncode, len(run_program.spooled())) == (70, 1)


@pytest.mark.services
def test_a_spool_of_a_sink_nobody_knows_is_said(step, flush, run_program, pushgateway):
    step(DEAD, "--", "true")
    (path,) = (run_program.state / "spool").iterdir()
    entry = json.loads(path.read_text()) | {"sink": "hub"}
    path.with_name(path.name.replace("pushgateway", "hub")).write_text(json.dumps(entry))
    ended = flush(pushgateway.url)
    assert "1 of 2 waiting reports delivered, 1 left" in ended.stderr
    assert "1 reports wait for 'hub', which is not configured" in ended.stderr


DAMAGED = [
    b"",
    b'{"report": {"step": "x"}, "sink": "pushgateway"}',
    b"{",
    b"[]",
    b"null",
    b'{"sink": "pushgateway"}',
    b'{"report": {}, "sink": 1}',
    b"\xff\xfe",
    b"[" * 99999,
]


@pytest.mark.services
def test_damaged_files_trip_nothing(step, flush, run_program, pushgateway):
    step(DEAD, "--", "true")
    spool = run_program.state / "spool"
    for number, content in enumerate(DAMAGED):
        (spool / f"{number}.pushgateway.json").write_bytes(content)
    (spool / "folder.json").mkdir()
    (spool / "link.json").symlink_to("/dev/zero")
    ended = flush(pushgateway.url)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert "1 of 1 waiting reports delivered, 0 left" in ended.stderr
    assert f"{len(DAMAGED) + 2} files in {spool} are damaged; they were skipped" in ended.stderr


@pytest.mark.services
def test_damaged_files_do_not_fail_a_strict_flush(step, flush, run_program, pushgateway):
    step(DEAD, "--", "true")
    (run_program.state / "spool" / "x.pushgateway.json").write_text("{")
    assert flush(pushgateway.url, "--strict").returncode == 0


def test_without_a_state_folder_there_is_nothing_to_do(flush, run_program):
    ended = flush(DEAD, "--strict")
    assert (ended.returncode, "0 of 0 waiting" in ended.stderr, run_program.state.exists()) == (0, True, False)
