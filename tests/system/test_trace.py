"""Traces are continued where the given one is valid, and begun where it is not."""

import re
import subprocess

import pytest

from ci_reporter.system.trace import (
    new_trace,
    run_span_id,
    run_trace_id,
    step_span_id,
    step_traceparent,
    trace_id,
    traceparent,
)

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
INVALID = [
    *("", "garbage", "0-1-2-3", GIVEN.upper(), f"{GIVEN} ", f"{GIVEN}-more", f"{GIVEN},{GIVEN}"),
    GIVEN.replace("00-", "ff-", 1),
    GIVEN.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
    GIVEN.replace("b7ad6b7169203331", "0" * 16),
    GIVEN.replace("b7ad", "xyza"),
    GIVEN.replace("b7ad", "١٢٣٤"),
]


def test_a_valid_traceparent_is_read_as_it_is():
    assert traceparent(GIVEN) == GIVEN
    assert trace_id(GIVEN) == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("more", ["", "-what-the-future-holds"])
def test_a_later_version_is_read_as_version_00(more):
    assert traceparent(GIVEN.replace("00-", "cc-", 1) + more) == GIVEN


@pytest.mark.parametrize("text", INVALID)
def test_what_is_not_a_traceparent_names_no_trace(text):
    assert (traceparent(text), trace_id(text)) == ("", None)


def test_a_new_trace_is_valid_sampled_and_new():
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", new_trace())
    assert traceparent(new_trace())
    assert new_trace() != new_trace()


def test_the_ids_of_a_run_are_those_that_a_shell_computes():
    digits = subprocess.run(["sha256sum"], input=b"github-17-1", capture_output=True, check=True).stdout.decode()
    assert (run_trace_id("github-17-1"), run_span_id("github-17-1")) == (digits[:32], digits[32:48])


def test_a_step_has_the_trace_and_the_flags_it_was_given_but_a_span_of_its_own():
    own = step_traceparent(GIVEN, "github-17-1", "report")
    assert own == f"00-0af7651916cd43dd8448eb211c80319c-{step_span_id('report')}-00"


@pytest.mark.parametrize("text", INVALID)
def test_a_step_without_a_valid_trace_is_in_that_of_its_run(text):
    own = step_traceparent(text, "github-17-1", "report")
    assert own == f"00-{run_trace_id('github-17-1')}-{step_span_id('report')}-01"


def test_an_id_that_utf_8_cannot_encode_is_an_id():
    assert re.fullmatch("[0-9a-f]{32}", run_trace_id("\udcff"))
