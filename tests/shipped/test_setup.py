"""setup/: its JavaScript, run by Node.js as the runner runs it, with the runner's files."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_reporter.cli.options import run_settings
from tests.conftest import needs

pytestmark = pytest.mark.node
SHELL = ("shell", "--", "bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclass(kw_only=True)
class Setup:
    """setup/ in a job: `main` and `post` as the runner calls them, and what they have told it."""

    job: Any
    node: str
    inputs: dict[str, str]

    def main(self, env: Mapping[str, str] | None = None, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Call main.js; later calls have the environment that it has set."""
        self.inputs |= {name.replace("_", "-"): text for name, text in inputs.items()}
        done = self.call("main.js", env or {})
        told = self.told("ENV")
        self.job.env |= told
        self.job.paths += self.job.command_file("PATH").read_text().split()
        return done

    def post(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Call post.js with the state that main.js has left."""
        self.inputs |= {name.replace("_", "-"): text for name, text in inputs.items()}
        return self.call("post.js", {f"STATE_{name}": text for name, text in self.told("STATE").items()})

    def call(self, script: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        files = {f"GITHUB_{each}": str(self.job.command_file(each)) for each in FILES}
        for path in map(Path, files.values()):
            path.touch()
        inputs = {f"INPUT_{name.upper()}": text for name, text in self.inputs.items()}
        command = [self.node, self.job.action_path / "setup" / script]
        environment = self.job.env | files | inputs | dict(env)
        return subprocess.run(command, cwd=self.job.workspace, env=environment, capture_output=True, text=True)

    def told(self, file: str) -> dict[str, str]:
        """What was written to a file of the runner's, one `name<<END` after the other."""
        text = self.job.command_file(file).read_text()
        return {each[1]: each[3] for each in re.finditer(r"(?ms)^(\w[\w-]*)<<(\S+)\n(.*?)\n\2$", text)}

    def program(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Call `ci-reporter` as a later step does."""
        program = self.job.temp / "ci-reporter/bin/ci-reporter"
        environment = self.job.env | env
        return subprocess.run([program, *args], cwd=self.job.workspace, env=environment, capture_output=True, text=True)

    def records(self) -> list[dict[str, Any]]:
        path = self.job.temp / "ci-reporter-records/steps.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


FILES = ("ENV", "OUTPUT", "PATH", "STATE", "STEP_SUMMARY")


def defaults(root: Path) -> dict[str, str]:
    """The inputs as GitHub evaluates their defaults in a job without a matrix."""
    declared = yaml.safe_load((root / "setup/action.yml").read_text())["inputs"]
    contexts = {"${{ toJSON(matrix) }}": "null", "${{ job.check_run_id }}": "99", "${{ job.status }}": "success"}
    return {name: contexts.get(each["default"], each["default"]) for name, each in declared.items()}


@pytest.fixture
def setup(release_job: Any, root: Path) -> Setup:
    """In a job that uses a release."""
    return Setup(job=release_job, node=needs("node", "apt-get install nodejs"), inputs=defaults(root))


@pytest.fixture(scope="module")
def cancelled(start_release_job: Callable[[Path], Any], root: Path, tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """The same at the end of a job with two steps: one failed, one was killed when the job was cancelled."""
    job = start_release_job(tmp_path_factory.mktemp("cancelled"))
    setup = Setup(job=job, node=needs("node", "apt-get install nodejs"), inputs=defaults(root))
    setup.main(matrix='{"python": "3.13"}')
    done = setup.program(*SHELL, script(setup, "echo one\nexit 3\n"), GITHUB_ACTION="__run")
    assert (done.returncode, done.stdout) == (3, "one\n")
    command = [job.temp / "ci-reporter/bin/ci-reporter", *SHELL, script(setup, "echo begun; sleep 60")]
    with subprocess.Popen(command, cwd=job.workspace, env=job.env, stdout=subprocess.PIPE) as step:
        assert step.stdout
        step.stdout.readline()
        step.kill()
    assert setup.post(job_status="cancelled").returncode == 0
    return setup


@pytest.fixture
def setup_without_python(setup: Setup, tmp_path: Path) -> Setup:
    """The same, where Python is too old."""
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python"):
        (tmp_path / "bin" / name).write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\nexit 1\n')
        (tmp_path / "bin" / name).chmod(0o755)
    setup.job.env["PATH"] = f"{tmp_path / 'bin'}:{setup.job.env['PATH']}"
    return setup


def script(setup: Setup, text: str) -> str:
    """A step's script, as the runner writes it."""
    path = setup.job.temp / "step.sh"
    path.write_text(text)
    return str(path)


def test_steps_that_follow_know_the_run_and_where_records_go(setup: Setup) -> None:
    done = setup.main()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    records = f"{setup.job.temp}-records".replace("temp-records", "temp/ci-reporter-records")
    assert setup.told("ENV") == {
        "CI_RUN_ID": "github-17012345678-1",
        "CI_REPORTER_DIR": records,
        "CI_REPORTER_CI_SUMMARY": "job",
        "JOB_CHECK_RUN_ID": "99",
    }
    assert setup.told("OUTPUT") == {"ci-run-id": "github-17012345678-1", "records": records}


def test_shell_records_each_step(cancelled: Setup) -> None:
    record = cancelled.records()[0]
    assert (record["step"], record["result"]) == ("echo one", "failure")


def test_end_of_the_job_records_a_step_that_was_killed(cancelled: Setup) -> None:
    assert [(each["step"], each["result"]) for each in cancelled.records()][1] == (
        "echo begun; sleep 60",
        "cancellation",
    )


def test_job_is_recorded_with_its_status_and_its_duration(cancelled: Setup) -> None:
    record = cancelled.records()[2]
    assert (record["step"], record["result"], record["job_name"]) == ("job", "cancellation", "unit (3.13)")
    assert record["duration_ms"] is not None


def test_end_of_the_job_shows_its_steps(cancelled: Setup) -> None:
    shown = cancelled.job.command_file("STEP_SUMMARY").read_text()
    assert ("echo one" in shown, "echo begun" in shown, "job" in shown) == (True, True, True)


@pytest.mark.parametrize(("input_", "left_out"), [("record_job", "job"), ("summary", "page")])
def test_job_and_summary_can_be_left_out(setup: Setup, input_: str, left_out: str) -> None:
    setup.main(**{input_: "false"})
    setup.program(*SHELL, script(setup, "true"))
    setup.post()
    done = {each["step"] for each in setup.records()}
    done |= {"page"} if setup.job.command_file("STEP_SUMMARY").read_text().count("# ") else set()
    assert done == {"true", "job", "page"} - {left_out}


def test_runner_that_does_not_evaluate_again_has_the_status_of_the_steps(setup: Setup) -> None:
    setup.job.env["ACT"] = "true"
    setup.main()
    setup.program(*SHELL, script(setup, "exit 3"))
    setup.post(job_status="success")
    assert setup.records()[-1]["result"] == "failure"


def test_hostile_inputs_are_only_text(setup: Setup) -> None:
    hostile = "a\nCI_RUN_ID<<x\nevil\nx\n$(touch pwned)'\""
    setup.main(matrix=hostile)
    assert setup.told("ENV")["CI_REPORTER_MATRIX"] == hostile
    assert setup.told("ENV")["CI_RUN_ID"] == "github-17012345678-1"


def test_wrong_setting_is_a_warning_and_the_steps_run(setup: Setup) -> None:
    done = setup.main(pushgateway_url="not an address")
    assert (done.returncode, done.stdout.count("::warning "), "not an address" in done.stdout) == (0, 1, True)
    assert setup.program(*SHELL, script(setup, "exit 3")).returncode == 3


def test_action_in_the_same_job_uses_what_setup_has_set_up(setup: Setup) -> None:
    setup.main()
    before = (setup.job.temp / "ci-reporter/installed").stat().st_mtime_ns
    done = setup.job.action(run="true", name="wrapped")
    assert (done.exit_code, [each["step"] for each in setup.records()]) == (0, ["wrapped"])
    assert (setup.job.temp / "ci-reporter/installed").stat().st_mtime_ns == before


def test_action_sets_up_again_what_a_step_has_removed(setup: Setup) -> None:
    setup.main()
    (setup.job.temp / "ci-reporter/ci-reporter.pyz").unlink()
    done = setup.job.action(run="exit 3", name="wrapped")
    assert (done.exit_code, [each["step"] for each in setup.records()]) == (3, ["wrapped"])


def test_wrong_checksum_stops_the_step_with_one_sentence(setup: Setup) -> None:
    with (setup.job.action_path / "ci-reporter.pyz").open("ab") as file:
        file.write(b"!")
    done = setup.main()
    assert (done.returncode, done.stdout.count("::error "), len(done.stdout.splitlines())) == (1, 1, 1)
    assert "checksum" in done.stdout


def test_job_without_python_runs_all_the_same(setup_without_python: Setup) -> None:
    setup = setup_without_python
    done = setup.main()
    assert (done.returncode, done.stdout.count("::warning "), "Python 3.9.2" in done.stdout) == (0, 1, True)
    step = setup.program(*SHELL, script(setup, "echo on; exit 3"))
    assert (step.returncode, step.stdout, step.stderr) == (3, "on\n", "")
    assert setup.post().returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "sh", "-c", "echo on; exit 3"),
        ("run", "-q", "--name", "unit", "--tag=a=b", "sh", "-c", "echo on; exit 3"),
        ("run", "--coverage", "a.xml", "b.xml", "--", "sh", "-c", "echo on; exit 3"),
        ("run", "--shell", "echo on; exit 3"),
    ],
    ids=["no dashes", "options, no dashes", "globs", "shell"],
)
def test_stand_in_runs_what_run_runs(setup_without_python: Setup, arguments: tuple[str, ...]) -> None:
    setup_without_python.main()
    done = setup_without_python.program(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (3, "on\n", "")


def test_stand_in_knows_the_options_without_a_value(root: Path) -> None:
    flags = {flag for flag, setting in run_settings().items() if setting.is_flag}
    listed = re.search(r"FLAGS = \[(.*?)\]", (root / "setup/without.js").read_text(), re.S)
    assert listed
    assert set(re.findall('"(.*?)"', listed[1])) == flags | {"-h", "--help"}


def test_stand_in_passes_the_output_of_a_build_on(setup_without_python: Setup) -> None:
    setup = setup_without_python
    setup.main()
    text = script(setup, "seq 100000 | ci-reporter logs --wrap | tail -n 1")
    assert setup.program(*SHELL, text, PATH=":".join([*setup.job.paths, setup.job.env["PATH"]])).stdout == "100000\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("gate", 1),
        ("health", 1),
        ("coverage diff --min=80", 1),
        ("collect --tests-min 3", 1),
        ("summary", 0),
        ("run", 2),
    ],
)
def test_stand_in_does_not_say_that_a_deploy_was_watched(setup_without_python: Setup, command: str, code: int) -> None:
    setup_without_python.main()
    done = setup_without_python.program(*command.split())
    assert (done.returncode, "not set up" in done.stderr) == (code, True)


def test_temporary_folder_that_cannot_be_written_does_not_fail_the_job(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = setup.main({"RUNNER_TEMP": str(tmp_path / "file")})
    assert (done.returncode, done.stderr, done.stdout.count("::warning ")) == (0, "", 2)


def test_python_that_is_gone_at_the_end_does_not_fail_the_job(setup: Setup) -> None:
    setup.main()
    state = {"STATE_command": '["/gone/python"]', "STATE_began": "1", "ACT": "true"}
    done = setup.call("post.js", state)
    assert (done.returncode, done.stderr) == (0, "")


def test_stand_in_passes_signals_on(setup_without_python: Setup) -> None:
    setup = setup_without_python
    setup.main()
    program = setup.job.temp / "ci-reporter/bin/ci-reporter"
    text = "trap 'exit 9' TERM; echo begun; while :; do sleep 0.05; done"
    command = [program, *SHELL, script(setup, text)]
    with subprocess.Popen(command, env=setup.job.env, stdout=subprocess.PIPE) as step:
        assert step.stdout
        step.stdout.readline()
        step.send_signal(signal.SIGTERM)
        assert step.wait(30) == 9


def test_stand_in_says_what_cannot_be_found(setup_without_python: Setup) -> None:
    setup_without_python.main()
    done = setup_without_python.program("run", "--", "no-such-program")
    assert (done.returncode, "no-such-program: command not found" in done.stderr) == (127, True)


@pytest.mark.services
def test_what_waits_is_delivered_at_the_end_of_the_job(setup: Setup, pushgateway: Any) -> None:
    setup.main()
    setup.program(*SHELL, script(setup, "true"), CI_REPORTER_PUSHGATEWAY="http://127.0.0.1:1")
    setup.job.env["CI_REPORTER_PUSHGATEWAY"] = pushgateway.url
    setup.post()
    assert b'step="true"' in pushgateway.get("/metrics")


def test_strict_job_fails_where_its_record_is_not_delivered(setup: Setup) -> None:
    setup.main()
    setup.job.env |= {"CI_REPORTER_STRICT": "true", "CI_REPORTER_PUSHGATEWAY": "http://127.0.0.1:1"}
    assert setup.post().returncode == 1
