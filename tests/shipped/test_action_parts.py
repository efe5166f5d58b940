"""What action.yml does around the script, and the actions gate/, stamp/ and notify/."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_reporter.version import __version__

PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
HOSTILE = "$(touch pwned)`touch pwned`'\"; touch pwned; '"
GATE = """
gate: { warmup: 0, watch: 2s, rate: 20/s, early_pass: false, converge: { timeout: TIMEOUT, rate: 20/s } }
rules: [ { name: down, if: "down for 1s" } ]
"""


class Service(BaseHTTPRequestHandler):
    """Answers well at /, and 404 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_coverage_and_tests_are_read(job: Any) -> None:
    (job.workspace / "one.info").write_text("SF:a.py\nDA:1,1\nDA:2,0\nend_of_record\n")
    (job.workspace / "two.xml").write_text('<testsuite tests="1"><testcase name="a" classname="b"/></testsuite>')
    done = job.action(run="touch one.info two.xml", coverage="none/*.info\none.info\n", tests="none.xml, two.xml")
    assert (done.outputs["coverage-pct"], job.records()[0]["tests"]["passed"]) == ("50.0", 1)


def test_failed_delivery_fails_a_strict_step(job: Any) -> None:
    done = job.action(run="true", strict="true", pushgateway_url="http://127.0.0.1:1")
    assert (done.exit_code, done.outputs["result"]) == (70, "success")


def test_failed_delivery_does_not_fail_another(job: Any) -> None:
    assert job.action(run="true", strict="false", pushgateway_url="http://127.0.0.1:1").exit_code == 0


def test_flag_is_true_or_false(job: Any) -> None:
    done = job.action(run="echo ran", strict="maybe")
    assert (done.exit_code, "input strict is 'maybe'" in done.log, "ran\n" in done.log) == (1, True, False)


def test_channel_is_told_of_a_failure(job: Any) -> None:
    assert '"unit: failure"' in job.action(run="exit 3", notify="log").log


def test_channel_is_told_when_notify_on_says(job: Any) -> None:
    assert '"unit: success"' in job.action(run="true", notify="log", notify_on="always").log


def test_forks_pull_request_without_secrets_is_quiet_and_green(job: Any) -> None:
    env = {"CI_REPORTER_SLACK": "", "CI_REPORTER_PUSHGATEWAY_TOKEN": ""}
    done = job.action(env, run="true", notify="slack", strict="true", pushgateway_url="", gate_url="")
    assert (done.exit_code, done.outputs["result"], "::" in done.log) == (0, "success", False)


def test_matrix_and_job_of_the_inputs_come_before_the_jobs_own(job: Any) -> None:
    job.contexts |= {"matrix": {"os": "linux"}, "job": {"check_run_id": 99}}
    job.action(run="true", matrix='{"os": "mac"}', job_check_run_id="7")
    record = job.records()[0]
    assert (record["job_name"], record["job_url"].rsplit("/", 1)[1]) == ("unit (mac)", "7")


def test_artifacts_are_stamped_after_a_success(job: Any) -> None:
    done = job.action(run="mkdir -p dist/a; touch dist/x.bin dist/a/'y z.bin'", stamp="dist/**/*.bin")
    found = sorted(path.name for path in job.workspace.rglob("*.build-info.json"))
    assert (done.exit_code, found) == (0, ["x.bin.build-info.json", "y z.bin.build-info.json"])


def test_artifacts_are_not_stamped_after_a_failure(job: Any) -> None:
    job.action(run="touch x.bin; exit 1", stamp="*.bin")
    assert not list(job.workspace.glob("*.build-info.json"))


def test_artifact_that_is_not_there_fails_the_step(job: Any) -> None:
    done = job.action(run="true", stamp="dist/*.whl")
    assert (done.exit_code, "dist/*.whl: no such artifact" in done.log, done.outputs["exit-code"]) == (1, True, "0")


@pytest.mark.slow
@pytest.mark.parametrize(("path", "code", "verdict"), [("/", 0, "pass"), ("/nope", 4, "fail")])
def test_gate_decides_after_a_success(job: Any, service: str, path: str, code: int, verdict: str) -> None:
    (job.workspace / "gate.yml").write_text(GATE.replace("TIMEOUT", "3s" if code else "60s"))
    env = {"CI_REPORTER_GATE_EXPECT_REVISION": "none"}
    done = job.action(env, run="true", gate_url=service + path, gate_rules="gate.yml")
    assert (done.exit_code, done.outputs["verdict"], done.outputs["exit-code"]) == (code, verdict, "0"), done.log


def test_gate_does_not_watch_after_a_failure(job: Any) -> None:
    done = job.action(run="exit 7", gate_url="http://127.0.0.1:1/")
    assert (done.exit_code, len(job.records()), done.outputs["verdict"]) == (7, 1, "")


@pytest.mark.slow
def test_gate_action_gives_its_verdict(job: Any, service: str) -> None:
    (job.workspace / "gate.yml").write_text(GATE.replace("TIMEOUT", "60s"))
    done = job.action(folder="gate", url=service, rules="gate.yml", expect_revision="none", name="watch it")
    assert (done.exit_code, done.outputs["verdict"], done.outputs["exit-code"]) == (0, "pass", "0"), done.log
    assert json.loads(done.outputs["report"])["step"] == "watch it"


def test_gate_that_cannot_be_set_up_is_not_green(new_job: Any) -> None:
    (new_job.temp / "ci-reporter").touch()  # where the action wants a folder
    done = new_job.action(folder="gate", url="http://127.0.0.1:1/")
    assert (done.exit_code, "the deploy is not watched" in done.log) == (1, True)


def test_stamp_action_stamps(job: Any) -> None:
    (job.workspace / "x.bin").touch()
    done = job.action(folder="stamp", artifacts="*.bin", version="1.2.3", reproducible="true")
    stamped = json.loads((job.workspace / "x.bin.build-info.json").read_text())
    assert (done.exit_code, stamped["version"]) == (0, "1.2.3")


def test_notify_action_tells(job: Any) -> None:
    done = job.action(folder="notify", to="log", title="late", text="one\ntwo", fields="a=b c\n", level="error")
    line = json.loads(next(line for line in done.log.splitlines() if line.startswith("{")))
    assert (done.exit_code, "late" in json.dumps(line), "one\\ntwo" in json.dumps(line)) == (0, True, True)


def test_channel_without_a_secret_is_no_annotation_for_a_fork(job: Any) -> None:
    job.contexts["github"] = {"event": {"pull_request": {"head": {"repo": {"fork": True}}}}}
    done = job.action(folder="notify", to="slack", title="late")
    assert (done.exit_code, "::" in done.log) == (0, False)


@pytest.mark.parametrize("folder", ["gate", "stamp", "notify"])
def test_no_input_is_read_by_a_shell(job: Any, root: Path, folder: str) -> None:
    action = yaml.safe_load((root / folder / "action.yml").read_text())
    assert not [step["run"] for step in action["runs"]["steps"] if "${{" in step["run"]]
    for name in action["inputs"]:
        job.action(folder=folder, **{name.replace("-", "_"): HOSTILE})
    assert not list(job.workspace.rglob("pwned"))


def test_release_needs_no_package_index(release_job: Any) -> None:
    done = release_job.action({"PIP_INDEX_URL": "http://127.0.0.1:1"}, run="true", name="first")
    assert (done.exit_code, done.outputs["result"], "::" in done.log) == (0, "success", False)
    assert not (release_job.temp / "ci-reporter/venv").exists()


def test_release_gives_later_steps_the_program(release_job: Any) -> None:
    release_job.action(run="true", name="first")
    done = release_job.step({"run": "ci-reporter summary"}, {}, {})
    assert (done.exit_code, "first" in done.log) == (0, True)


def test_wrong_checksum_stops_the_step_with_one_sentence(release_job: Any) -> None:
    with (release_job.action_path / "ci-reporter.pyz").open("ab") as file:
        file.write(b"!")
    done = release_job.action(run="echo ran; exit 7")
    assert (done.exit_code, "ran\n" in done.log, done.log.count("::error "), done.log.count("\n")) == (1, False, 1, 1)
    assert ("checksum" in done.log, release_job.records()) == (True, [])


def test_program_runs_by_the_python_that_the_input_names(release_job: Any) -> None:
    cached = release_job.temp / "tools/Python/3.99.1/x64/bin/python3"
    cached.parent.mkdir(parents=True)
    cached.symlink_to(PYTHON)
    done = release_job.action({"RUNNER_TOOL_CACHE": f"{release_job.temp}/tools"}, run="true", python_version="3.99")
    assert (done.exit_code, done.outputs["result"], "::" in done.log) == (0, "success", False)
    assert str(cached) in (release_job.temp / "ci-reporter/bin/ci-reporter").read_text()


def test_python_that_is_not_there_is_one_error_and_no_failure(release_job: Any) -> None:
    done = release_job.action(run="echo ran", python_version="3.99")
    assert (done.exit_code, done.log.count("::error "), "needs Python 3.99, which is not here" in done.log) == (
        0,
        1,
        True,
    )
    assert done.log.endswith("ran\n")


def test_release_that_the_input_names_comes_from_the_file_that_is_it(release_job: Any) -> None:
    done = release_job.action({"PIP_INDEX_URL": "http://127.0.0.1:1"}, run="true", version=__version__)
    assert (done.exit_code, done.outputs["result"]) == (0, "success")


def test_another_release_comes_from_the_package_index(release_job: Any) -> None:
    # `echo` for Python shows what it would be told: a virtual environment and pip cost seconds.
    script = '. "$GITHUB_ACTION_PATH/scripts/action-setup"; python=echo; prepare_home && install'
    env = {"GITHUB_ACTION_PATH": str(release_job.action_path), "WANTED_VERSION": "98.7.6"}
    log, _ = release_job.start(script, env).communicate(timeout=60)
    assert log.splitlines()[-1].endswith(" install --quiet --no-input --disable-pip-version-check ci-reporter==98.7.6")


@pytest.mark.parametrize(("name", "value"), [("version", "1; touch pwned"), ("python_version", "3.1/../..")])
def test_version_is_a_version(release_job: Any, name: str, value: str) -> None:
    done = release_job.action(run="echo ran", **{name: value})
    assert (done.exit_code, done.log.count("::error "), "ran\n" in done.log) == (1, 1, False)


def test_later_call_without_wishes_uses_what_is_there(release_job: Any) -> None:
    release_job.action(run="true", version=__version__)
    before = (release_job.temp / "ci-reporter/installed").stat().st_mtime_ns
    done = release_job.action(run="true")
    assert (done.exit_code, (release_job.temp / "ci-reporter/installed").stat().st_mtime_ns) == (0, before)
