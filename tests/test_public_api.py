"""What `import ci_reporter` offers: everything in its list, and nothing loaded before it is asked for."""

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ci_reporter


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder, and an environment to hand over."""
    monkeypatch.chdir(tmp_path)
    return {"PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("name", ci_reporter.__all__)
def test_every_public_name_is_there(name):
    assert getattr(ci_reporter, name) is not None


def test_type_checkers_see_the_same_names():
    stub = Path(ci_reporter.__file__).with_suffix(".pyi").read_text()
    assert sorted(re.findall(r"^    \"(\w+)\",$", stub, re.MULTILINE)) == sorted(ci_reporter.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        ci_reporter.nope  # noqa: B018


def test_the_import_alone_loads_no_other_module():
    code = "import sys, ci_reporter; print([name for name in sys.modules if name.startswith('ci_reporter.')])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_the_folders_that_are_public_need_no_import_of_their_own():
    code = (
        "import ci_reporter; print(ci_reporter.logs.__name__, ci_reporter.gate.__name__, ci_reporter.health.__name__)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said == "ci_reporter.logs ci_reporter.gate ci_reporter.health\n"


def test_a_command_has_the_environment_that_is_given(here, capfd):
    assert ci_reporter.run_step(["sh", "-c", 'echo "$WHO"'], env=here | {"WHO": "me"}).exit_code == 0
    assert capfd.readouterr().out == "me\n"


def test_a_command_that_does_not_exist_is_a_record(here):
    done = ci_reporter.run_step(["no-such-command"], env=here)
    assert (done.exit_code, done.report.step.result) == (127, ci_reporter.Result.ERROR)


def test_a_command_is_not_run_in_another_thread(here):
    raised = []

    def call():
        try:
            ci_reporter.run_step(["true"], env=here)
        except ci_reporter.UsageError as exc:
            raised.append(str(exc))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert raised == ["run_step: not called in the main thread, which alone can pass signals on to the command"]


def test_an_unknown_setting_is_refused_with_those_there_are(here):
    with pytest.raises(ci_reporter.UsageError, match=r"no setting named 'timeuot' \(known: .*timeout"):
        ci_reporter.run_step(["true"], timeuot="1s", env=here)


def test_a_token_is_not_a_setting_of_a_call(here):
    with pytest.raises(ci_reporter.UsageError, match="no setting named 'pushgateway_token'"):
        ci_reporter.record_step("x", pushgateway_token="x", env=here)


def test_a_failure_that_is_recorded_ends_with_1(here):
    done = ci_reporter.record_step("import", result="failure", duration_s=1.5, env=here)
    step = next(ci_reporter.reports(env=here)).step
    assert (done.exit_code, step.result, step.duration_ms, step.exit_code) == (1, "failure", 1500, 1)


def test_a_word_that_is_not_a_result_is_refused(here):
    with pytest.raises(ci_reporter.UsageError, match="result 'great' is not one of success, failure"):
        ci_reporter.record_step("import", result="great", env=here)


def test_a_secret_in_the_reason_is_masked(here):
    env = here | {"DEPLOY_TOKEN": "s3cr3t-s3cr3t"}
    done = ci_reporter.record_step("import", result="failure", reason="no access with s3cr3t-s3cr3t", env=env)
    assert "s3cr3t" not in done.report.step.reason


def test_a_limit_that_is_missed_makes_the_step_a_failure(here):
    done = ci_reporter.record_step("import", coverage_min=80, env=here)
    assert (done.exit_code, done.report.step.result, len(done.missed)) == (1, "failure", 1)


def test_a_dry_run_shows_what_would_be_sent(here):
    done = ci_reporter.record_step("import", pushgateway="http://127.0.0.1:9", dry_run=True, env=here)
    assert "ci_step_success" in done.previews[0]


def test_a_sink_that_is_away_is_a_warning(here):
    done = ci_reporter.record_step("import", pushgateway="http://127.0.0.1:9", budget="1s", env=here)
    assert (done.exit_code, done.fate) == (0, "not delivered")
    assert "ci-reporter flush" in done.warnings[0]


def test_a_state_folder_that_is_not_there_is_an_error(here):
    with pytest.raises(ci_reporter.StateError, match="nowhere: no such state folder"):
        ci_reporter.reports("nowhere")


def test_a_folder_without_records_gives_none(here):
    assert list(ci_reporter.reports(env=here)) == []
