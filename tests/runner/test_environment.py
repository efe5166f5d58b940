"""What the command is told, what is recorded of it, and what is loaded before it starts."""

import bisect
import json
import re
import subprocess
import sys

import pytest

HEAVY = (
    *(
        "dataclasses",
        "inspect",
        "requests",
        "prometheus_client",
        "yaml",
        "structlog",
        "urllib3",
        "ssl",
        "asyncio",
        "click",
        "ci_reporter.hub",
        "importlib.metadata",
    ),
    *("ci_reporter.step.conclude", "ci_reporter.coverage", "ci_reporter.testresults", "pyexpat"),
)


def test_nothing_heavy_is_imported_before_the_command_starts(wrapped):
    """Python's own import log and the command write to one stderr; what stands before the command's word came first."""
    line = [sys.executable, "-X", "importtime", "-m", "ci_reporter", "run", "--", "sh", "-c", "echo STARTED >&2"]
    env = wrapped.env | {"CI_REPORTER_PUSHGATEWAY": "http://127.0.0.1:9", "CI_REPORTER_BUDGET": "1s"}
    env |= {"CI_REPORTER_COVERAGE": "coverage.xml", "CI_REPORTER_TESTS": "junit.xml"}
    log = subprocess.run(line, cwd=wrapped.folder, env=env, capture_output=True, text=True, timeout=60).stderr
    before, _, after = log.partition("STARTED")
    imported = set(re.findall(r"\|\s+([\w.]+)$", before, re.MULTILINE))
    assert "ci_reporter.runner" in imported
    assert not imported & set(HEAVY)
    assert "prometheus_client" in after
    assert "ci_reporter.coverage" in after


def test_a_step_without_a_sink_imports_nothing_that_sends(wrapped):
    line = [sys.executable, "-X", "importtime", "-m", "ci_reporter", "run", "--", "true"]
    env = wrapped.env | {"CI_REPORTER_REPOSITORY": "acme/shop", "CI_REPORTER_REVISION": "a" * 40}
    log = subprocess.run(line, cwd=wrapped.folder, env=env, capture_output=True, text=True, timeout=60).stderr
    imported = set(re.findall(r"\|\s+([\w.]+)$", log, re.MULTILINE))
    assert "ci_reporter.step.finish" in imported
    heavy = {"requests", "ssl", "logging", "concurrent.futures", "subprocess", "urllib.parse", "dataclasses", "typing"}
    assert not imported & (heavy | {"ci_reporter.http", "ci_reporter.metrics"})
    assert not [each for each in imported if each.startswith("ci_reporter.notify")]


def test_the_command_is_told_the_run_and_the_step(wrapped):
    out = wrapped("-q", "--name", "unit", "--", "env", env={"CI_RUN_ID": "my-run-7"}).stdout.decode()
    assert "CI_RUN_ID=my-run-7\n" in out
    assert "CI_REPORTER_STEP=unit\n" in out
    assert wrapped.record()["ci_run_id"] == "my-run-7"


def test_the_environment_is_otherwise_untouched(wrapped):
    given = wrapped.env | {"WEIRD": "a\nb", "EMPTY": ""}
    out = wrapped("-q", "--", "env", "-0", env=given).stdout.decode().split("\0")
    seen = dict(line.split("=", 1) for line in out if line)
    ours = {"CI_RUN_ID", "CI_REPORTER_STEP", "CI_REPORTER_MEASURES", "TRACEPARENT"}
    assert {name: value for name, value in seen.items() if name not in ours} == given


EXECVE = """
import ctypes, os, sys
strings = lambda *words: (ctypes.c_char_p * (len(words) + 1))(*words, None)
argv = [os.fsencode(each) for each in sys.argv[1:]]
env = [b"PATH=" + os.fsencode(os.environ["PATH"]), b"=no name", b"NO EQUALS SIGN", b"GIVEN=1"]
ctypes.CDLL(None).execve(argv[0], strings(*argv), strings(*env))
"""


def test_an_environment_entry_without_a_name_does_not_matter(wrapped):
    """Python cannot pass such an entry on: it alone is missing."""
    line = [sys.executable, "-c", EXECVE, wrapped.program, "run", "-q", "--", "sh", "-c", "echo $GIVEN; exit 4"]
    done = subprocess.run(line, cwd=wrapped.folder, env=wrapped.env, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (4, b"1\n", b"")
    assert wrapped.record()["exit_code"] == 4


def test_an_environment_at_the_kernels_limit_leaves_no_room_for_ours(wrapped):
    """The kernel takes a quarter of the stack's limit (execve(2)); at the border the command starts without ours."""
    command = "sh -c 'test -z \"$CI_RUN_ID\" && exit 3'"
    line = ["sh", "-c", f"ulimit -s 2048; exec {wrapped.program} run -q -- {command}"]
    env = wrapped.env | {f"FILL{number}": "x" * 100_000 for number in range(4)}

    def done(pad):
        return subprocess.run(line, cwd=wrapped.folder, env=env | {"PAD": "x" * pad}, capture_output=True, timeout=60)

    pads = range(1, 131_000)  # of one variable, execve takes 128 KiB
    largest = bisect.bisect_left(pads, True, key=lambda pad: done(pad).stderr.startswith(b"sh: ")) - 1
    assert done(pads[largest]).returncode == 3
    assert wrapped.records()[-1]["reason"].startswith("started without CI_RUN_ID, CI_REPORTER_STEP")


def test_a_trace_is_continued(wrapped):
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    out = wrapped("-q", "--", "sh", "-c", "echo $TRACEPARENT", env={"TRACEPARENT": given}).stdout.decode().strip()
    assert re.fullmatch("00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00", out)
    assert out != given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "garbage",
        f"ff-{'a' * 32}-{'b' * 16}-01",
        f"00-{'0' * 32}-{'b' * 16}-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        f"00-{'A' * 32}-{'b' * 16}-01",
    ],
)
def test_an_invalid_trace_begins_a_new_one(wrapped, given):
    out = wrapped("-q", "--", "sh", "-c", "echo $TRACEPARENT", env={"TRACEPARENT": given}).stdout.decode().strip()
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", out)
    assert out.split("-")[1] != given[3:35]


def test_measures_the_command_writes_are_recorded(wrapped):
    script = "echo bundle_bytes=48123 >> $CI_REPORTER_MEASURES; echo score=0.5 >> $CI_REPORTER_MEASURES"
    wrapped("--measure", "given=1", "--", "sh", "-c", script)
    assert wrapped.record()["measures"] == {"given": 1, "bundle_bytes": 48123, "score": 0.5}


def test_lines_that_are_no_measures_are_said_and_left_out(wrapped):
    done = wrapped("--", "sh", "-c", "printf 'a=1\\nnonsense\\nb=nan\\nc=x\\n' > $CI_REPORTER_MEASURES")
    assert wrapped.record()["measures"] == {"a": 1}
    assert b"3 lines left out, the first: 'nonsense' has no '='" in done.stderr


def test_only_the_first_word_is_recorded(wrapped):
    wrapped("--", "echo", "hunter2-argument")
    assert wrapped.record()["command"] == "echo"
    assert "hunter2" not in json.dumps(wrapped.records())


def test_the_whole_command_is_recorded_when_asked_without_secrets(wrapped):
    wrapped("--record-command", "--", "echo", "a b", "--token=s3cr3t-value", env={"DEPLOY_TOKEN": "s3cr3t-value"})
    assert wrapped.record()["command"] == "echo 'a b' '--token=***'"


def test_a_secret_in_the_tail_is_redacted(wrapped):
    script = "echo ::add-mask::masked-value; echo masked-value $API_KEY"
    wrapped("--tail", "4K", "--", "sh", "-c", script, env={"API_KEY": "key-value-1"})
    tail = wrapped.record()["output_tail"]
    assert "masked-value" not in tail
    assert "key-value-1" not in tail


def test_shell_takes_the_command_as_one_text(wrapped):
    assert wrapped("-q", "--shell", "--", "echo one | tr o 0; exit 3").stdout == b"0ne\n"
    assert wrapped.record()["exit_code"] == 3


def test_without_shell_no_shell_reads_the_arguments(wrapped):
    assert wrapped("-q", "--", "echo", "$HOME", "*", "; exit 3").stdout == b"$HOME * ; exit 3\n"


def test_the_default_name_is_the_jobs(wrapped):
    wrapped("--", "true", env={"GITHUB_ACTIONS": "true", "GITHUB_JOB": "unit", "CI_REPORTER_MATRIX": '{"py": "3.12"}'})
    assert (wrapped.record()["step"], wrapped.record()["job_name"]) == ("unit (3.12)", "unit (3.12)")


def test_without_a_job_the_name_is_the_commands(wrapped):
    wrapped("--", "/bin/true")
    assert wrapped.record()["step"] == "true"


def test_json_is_the_record(wrapped):
    done = wrapped("-q", "--json", "--", "echo", "hello")
    hello, line = done.stdout.decode().splitlines()
    assert hello == "hello"
    assert json.loads(line) == wrapped.record()


def test_tags_and_environment_are_recorded(wrapped):
    wrapped("--tag", "team=web", "--tag", "tier=1", "--environment", "staging", "--", "true")
    assert (wrapped.record()["tags"], wrapped.record()["environment"]) == ({"team": "web", "tier": "1"}, "staging")


def test_a_working_folder_that_is_gone_does_not_matter(wrapped):
    script = f"mkdir gone && cd gone && rmdir ../gone && {wrapped.program} run -- sh -c 'exit 8'"
    env = wrapped.env | {"CI_REPORTER_DIR": str(wrapped.folder / ".ci-reporter")}
    assert subprocess.run(["sh", "-c", script], cwd=wrapped.folder, env=env, timeout=60).returncode == 8
    assert wrapped.record()["exit_code"] == 8
