"""action.yml, its steps run as GitHub's runner runs them."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


def test_outputs_are_those_of_the_record(job: Any) -> None:
    done = job.action(run="echo hello", name="greeting")
    record = job.records()[0]
    assert json.loads(done.outputs["report"]) == record
    assert {name: done.outputs[name] for name in done.outputs if name not in ("outputs", "report")} == {
        "ci-run-id": "github-17012345678-1",
        "result": "success",
        "exit-code": "0",
        "duration-ms": str(record["duration_ms"]),
        "coverage-pct": "",
        "verdict": "",
    }


def test_step_fails_with_the_scripts_own_code(job: Any) -> None:
    done = job.action(run="exit 7")
    assert (done.exit_code, done.outputs["exit-code"], done.outputs["result"]) == (7, "7", "failure")


@pytest.mark.parametrize("script", ["false\necho on", "false | cat\necho on"], ids=["errexit", "pipefail"])
def test_script_stops_where_githubs_own_would(job: Any, script: str) -> None:
    done = job.action(run=script)
    assert (done.exit_code, "on\n" in done.log) == (1, False)


def test_script_of_many_lines_runs_whole(job: Any) -> None:
    done = job.action(run='one="a  b"\nfor i in 1 2; do\n  echo "$i $one"\ndone\n')
    assert "1 a  b\n2 a  b\n" in done.log


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("$(touch pwned)", "$(touch pwned)"),
        ("`touch pwned`", "`touch pwned`"),
        ("\"; touch pwned; '", "\"; touch pwned; '"),
        ("a\ntouch pwned\n", "a touch pwned"),
        ("--quiet", "--quiet"),
        ("* ${{ github.token }}", "* ${{ github.token }}"),
    ],
)
def test_name_is_never_read_by_a_shell(job: Any, name: str, recorded: str) -> None:
    job.action(run="true", name=name)
    assert ([each["step"] for each in job.records()], list(job.workspace.glob("pwned"))) == ([recorded], [])


@pytest.mark.parametrize("input_", ["config", "pushgateway_url"])
def test_other_inputs_are_never_read_by_a_shell(job: Any, input_: str) -> None:
    job.action(run="true", **{input_: "$(touch pwned)'\"; touch pwned"})
    assert not (job.workspace / "pwned").exists()


def test_no_input_is_pasted_into_a_script(root: Path) -> None:
    steps = yaml.safe_load((root / "action.yml").read_text())["runs"]["steps"]
    assert not [step["run"] for step in steps if "${{" in step["run"]]


def test_script_does_not_see_the_actions_inputs(job: Any) -> None:
    assert "INPUT_" not in job.action(run="env", name="env").log


def test_pull_request_is_recorded_under_its_head(job: Any, tmp_path: Path) -> None:
    event = {"pull_request": {"number": 5, "head": {"sha": "a" * 40, "ref": "topic"}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    job.env |= {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_REF": "refs/pull/5/merge"}
    job.action(run="true")
    assert (job.records()[0]["revision"], job.records()[0]["change"]) == ("a" * 40, "5")


def test_job_has_its_matrix_and_its_address(job: Any) -> None:
    job.contexts |= {"matrix": {"python": "3.13", "os": "linux"}, "job": {"check_run_id": 99}}
    job.action(run="true")
    record = job.records()[0]
    assert (record["job_name"], record["job_url"].rsplit("/", 1)[1]) == ("unit (3.13, linux)", "99")


def test_job_without_a_matrix_has_none(job: Any) -> None:
    job.contexts["matrix"] = None  # toJSON gives "null"
    job.action(run="true")
    assert (job.records()[0]["job_name"], "matrix" in job.records()[0]) == ("unit", False)


def test_second_call_uses_the_first_ones_installation(job: Any) -> None:
    job.action(run="true")
    before = (job.temp / "ci-reporter/installed").stat().st_mtime_ns
    job.action(run="true")
    assert ((job.temp / "ci-reporter/installed").stat().st_mtime_ns, len(job.records())) == (before, 2)


def test_jobs_own_python_stays_its_own(job: Any) -> None:
    done = job.action(run="command -v python3\npython3 -c 'import ci_reporter'")
    assert (str(job.temp) in done.log.split("\n")[0], done.exit_code) == (False, 1)


def test_jobs_modules_do_not_get_in_our_way(job: Any) -> None:
    (job.workspace / "click.py").write_text("raise SystemExit('not yours')")
    job.env["PYTHONPATH"] = str(job.workspace)
    assert job.action(run="true").outputs["result"] == "success"


def test_later_step_has_the_program_on_its_path(job: Any) -> None:
    job.action(run="true", name="first")
    done = job.step({"run": "ci-reporter summary"}, {}, {})
    assert (done.exit_code, "first" in done.log) == (0, True)


def test_config_input_names_the_configuration_file(job: Any) -> None:
    (job.workspace / "ours.yml").write_text("name: from-file\n")
    job.action(run="true", config="ours.yml")
    assert job.records()[0]["step"] == "from-file"


def test_wrong_configuration_is_said_before_the_script_runs(job: Any) -> None:
    done = job.action(run="echo ran", config="missing.yml")
    assert (done.exit_code, "missing.yml" in done.log, "ran\n" in done.log) == (2, True, False)


@pytest.mark.services
@pytest.mark.parametrize("by", ["input", "environment"])
def test_metrics_are_pushed_where_the_address_says(job: Any, pushgateway: Any, by: str) -> None:
    if by == "input":
        job.action(run="true", name="pushed", pushgateway_url=pushgateway.url)
    else:
        job.action({"CI_REPORTER_PUSHGATEWAY": pushgateway.url}, run="true", name="pushed")
    assert b'step="pushed"' in pushgateway.get("/metrics")


def test_cancelled_step_leaves_its_record(job: Any, eventually: Callable[..., object]) -> None:
    env = {"INPUT_RUN": "touch begun; sleep 60", "GITHUB_ACTION_PATH": str(job.action_path)}
    with job.start('exec "$GITHUB_ACTION_PATH/scripts/action-run"', env) as entry:
        eventually((job.workspace / "begun").exists, what="the script to begin")
        entry.send_signal(signal.SIGTERM)  # to this one process, as the runner does
        assert entry.wait(10) == 143
    assert job.records()[-1]["result"] == "cancellation"


def test_failed_installation_does_not_fail_the_step(new_job: Any) -> None:
    (new_job.temp / "ci-reporter").touch()  # where the action wants a folder
    done = new_job.action(run="echo ran")
    assert (done.exit_code, "ran\n" in done.log, done.log.count("::warning ")) == (0, True, 1)


def test_failed_installation_keeps_the_scripts_code(new_job: Any) -> None:
    (new_job.temp / "ci-reporter").touch()  # where the action wants a folder
    done = new_job.action(run="exit 7")
    assert "why it could not be installed" in done.log
    assert (done.exit_code, done.outputs["result"], done.outputs["exit-code"]) == (7, "", "7")


@pytest.mark.slow
def test_index_that_hangs_delays_the_script_for_a_minute_at_most(new_job: Any, vendor: Any) -> None:
    index = vendor(lambda _, over: over.wait(110))
    begun = time.monotonic()
    done = new_job.action({"PIP_INDEX_URL": index.url, "PIP_NO_CACHE_DIR": "1"}, run="echo ran")
    assert (done.exit_code, "ran\n" in done.log, done.log.count("::warning ")) == (0, True, 1)
    assert index.seen, "pip asked for something"
    assert time.monotonic() - begun < 105  # the minute, and a virtual environment on a busy machine


def test_what_the_script_writes_to_github_output_is_an_output(job: Any) -> None:
    script = 'echo one=1 >>"$GITHUB_OUTPUT"\nprintf "two<<END\\na\\nb\\nEND\\n" >>"$GITHUB_OUTPUT"'
    outputs = json.loads(job.action(run=script).outputs["outputs"])
    assert {name: outputs[name] for name in ("one", "two")} == {"one": "1", "two": "a\nb"}


def test_script_runs_in_its_working_directory(job: Any) -> None:
    (job.workspace / "sub dir").mkdir()
    done = job.action(run="pwd", working_directory="sub dir")
    assert f"{job.workspace}/sub dir\n" in done.log
    assert done.outputs["result"] == "success"


def test_working_directory_that_does_not_exist_is_an_error(job: Any) -> None:
    done = job.action(run="true", working_directory="nope")
    assert (done.exit_code, "working-directory 'nope' does not exist" in done.log) == (1, True)


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        ("bash", "false | true"),
        ("sh", "false\necho on"),
        ("python", "import sys; sys.exit(1)"),
        ("bash -e {0}", "false\necho on"),
        ("env -S perl {0}", "exit 1;"),
    ],
)
def test_script_runs_in_its_shell(job: Any, shell: str, script: str) -> None:
    done = job.action(run=script, shell=shell)
    assert (done.exit_code, done.outputs["exit-code"], "on\n" in done.log) == (1, "1", False)


def test_shell_that_nobody_knows_is_an_error(job: Any) -> None:
    done = job.action(run="true", shell="fish")
    assert (done.exit_code, "shell 'fish' is not known" in done.log) == (1, True)


def test_line_break_of_an_input_begins_no_workflow_command(job: Any) -> None:
    done = job.action(run="true", shell="zsh\n::error::pwned")
    assert "shell 'zsh%0A::error::pwned' is not known" in done.log


def test_python_that_is_too_old_is_one_error_and_no_failure(new_job: Any, tmp_path: Path) -> None:
    job = new_job
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python"):
        (tmp_path / "bin" / name).write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\nexit 1\n')
        (tmp_path / "bin" / name).chmod(0o755)
    job.paths.append(str(tmp_path / "bin"))
    done = job.action(run="echo ran")
    assert (done.exit_code, done.log.count("::error "), "Python 3.9.2" in done.log) == (0, 1, True)
    assert done.log.endswith("ran\n")
