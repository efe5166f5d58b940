"""What an alert says of a commit."""

import pytest

from ci_reporter.errors import Rejected
from ci_reporter.frozen import replace
from ci_reporter.model import Result
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.commitstatus import commit_of, context_name, outcome
from tests.notify.makers import RUN, hostile_alert, make_alert


@pytest.mark.parametrize(
    ("result", "level", "said"),
    [
        (Result.FAILURE, Level.ERROR, "failure"),
        (Result.FAILURE, Level.WARNING, "failure"),
        (Result.TIMEOUT, Level.ERROR, "error"),
        (Result.ERROR, Level.CRITICAL, "error"),
        (Result.CANCELLATION, Level.WARNING, "cancelled"),
        (Result.SUCCESS, Level.INFO, "success"),
        (Result.SUCCESS, Level.ERROR, "failure"),
        (None, Level.ERROR, "failure"),
        (None, Level.WARNING, "success"),
        (None, Level.INFO, "success"),
    ],
)
def test_result_and_level_make_the_outcome(result, level, said):
    assert outcome(make_alert(result=result, level=level)) == said


def test_what_is_resolved_is_a_success():
    assert outcome(make_alert(state=State.RESOLVED)) == "success"


def test_alerts_about_different_things_have_statuses_of_their_own():
    names = {context_name(make_alert(dedup_key=key), None) for key in ("unit", "lint", "k" * 300, "k" * 299 + "l")}
    assert len(names) == 4
    assert all(len(each) <= 200 for each in names)


def test_without_a_key_the_title_names_the_status():
    assert context_name(make_alert(dedup_key=""), None) == "ci-reporter/unit failed"
    assert context_name(make_alert(), "deploy") == "deploy"


@pytest.mark.parametrize("name", ["shop", "acme/../x", "../acme/shop", "acme/shop?x", "https://x/acme/shop", ""])
def test_what_is_no_repository_is_refused(name):
    with pytest.raises(Rejected, match="the repository is not known"):
        commit_of(make_alert(run=replace(RUN, repository=name)), None, "github")


@pytest.mark.parametrize("revision", [None, "HEAD", "c0ffee1", "../" * 13 + "a"])
def test_what_is_no_commit_is_refused(revision):
    with pytest.raises(Rejected, match="the commit is not known"):
        commit_of(make_alert(run=replace(RUN, revision=revision)), None, "gitlab")


def test_a_name_breaks_no_line():
    assert context_name(replace(hostile_alert(), dedup_key=""), None).isprintable()
