"""A CI system that gives its runs no id: one job is one run, for as long as its process lives."""

import json
import subprocess
import sys
import textwrap

import pytest

CI = {"CI": "1"}  # not `true`, which the processes above the tests may have been started with


@pytest.fixture
def script(run_program):
    """Run a shell script as a CI system's agent does; it calls the program by `$PROGRAM`."""

    def call(text, env=CI):
        program = f"{sys.executable} -m ci_reporter"
        return subprocess.run(
            ["sh", "-c", text],
            cwd=run_program.folder,
            env=run_program.environment() | env | {"PROGRAM": program},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return call


def run_ids(run_program):
    return [record["ci_run_id"] for record in run_program.records()]


def test_the_steps_of_a_job_are_one_run(script, run_program):
    ended = script("$PROGRAM run -q -- true; $PROGRAM run -q -- true; $PROGRAM summary")
    (first, second) = run_ids(run_program)
    assert first == second
    assert ended.stdout.startswith(f"{first}: 2 steps")


def test_the_dotenv_file_names_the_run_of_the_records(script, run_program):
    ended = script("$PROGRAM context --dotenv; $PROGRAM run -q -- true")
    assert f"CI_RUN_ID={run_ids(run_program)[0]}\n" in ended.stdout


def test_a_step_within_make_is_of_the_same_run(script, run_program):
    script("sh -c '$PROGRAM run -q -- true; :'; $PROGRAM run -q -- true")
    assert len(set(run_ids(run_program))) == 1


def test_the_next_job_in_the_same_folder_is_another_run(script, run_program):
    for _ in range(2):
        script("$PROGRAM run -q -- true; :")
    assert len(set(run_ids(run_program))) == 2


def test_parallel_first_calls_agree(script, run_program):
    script("for n in 1 2 3 4; do $PROGRAM run -q -- true & done; wait")
    assert len(set(run_ids(run_program))) == 1


def test_without_a_ci_system_every_call_is_a_run(script, run_program):
    script("$PROGRAM run -q -- true; $PROGRAM run -q -- true", env={})
    assert len(set(run_ids(run_program))) == 2
    assert not (run_program.state / "job.json").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"id": 1, "pid": "x"}', "[" * 3000])
def test_a_damaged_file_is_written_anew(script, run_program, content):
    run_program.state.mkdir()
    (run_program.state / "job.json").write_text(content)
    script("$PROGRAM run -q -- true; $PROGRAM run -q -- true")
    assert len(set(run_ids(run_program))) == 1
    assert "id" in json.loads((run_program.state / "job.json").read_text())


def test_a_process_with_the_owners_pid_is_not_the_owner(script, run_program):
    """The file says our shell's pid with another start: of a process that has ended, whose pid came round again."""
    text = """
        $PROGRAM run -q -- true
        sed -i 's/"started": [0-9]*/"started": 1/' .ci-reporter/job.json
        $PROGRAM run -q -- true
    """
    script(textwrap.dedent(text))
    assert len(set(run_ids(run_program))) == 2


def test_a_folder_that_cannot_be_written_is_no_obstacle(script, run_program):
    (run_program.folder / "file").write_text("")
    assert script("$PROGRAM context --dotenv", env=CI | {"CI_REPORTER_DIR": "file"}).returncode == 0
