"""Steps in process: a context for a folder of the test's own, with no environment but what the test gives."""

import pytest

from ci_reporter.context import load_context
from ci_reporter.model import Result, Run, Step
from ci_reporter.step.start import new_report


@pytest.fixture
def make_context(tmp_path):
    """A context in an empty folder; settings as keyword arguments, as texts."""

    def make(env=None, **settings):
        return load_context(env or {}, str(tmp_path), settings)

    return make


@pytest.fixture
def make_report():
    """A report of a step that has ended."""

    def make(context, **step):
        about = {"name": "unit", "result": Result.SUCCESS, "exit_code": 0} | step
        return new_report(context, Run(ci_run_id="local-1"), Step(**about))

    return make
