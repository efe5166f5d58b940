"""How CI systems say that a job has ended."""

import pytest

from ci_reporter.model import Result
from ci_reporter.providers.status import result_of


@pytest.mark.parametrize(
    ("word", "result"),
    [
        *((each.value, each) for each in Result),
        *(("failed", Result.FAILURE), ("canceled", Result.CANCELLATION), ("timedout", Result.TIMEOUT)),
        *(("cancelled", Result.CANCELLATION), ("timed_out", Result.TIMEOUT), ("skipped", Result.SKIP)),
        *(("SUCCESS", Result.SUCCESS), ("UNSTABLE", Result.FAILURE), ("FAILURE", Result.FAILURE)),
        *(("ABORTED", Result.CANCELLATION), ("NOT_BUILT", Result.SKIP)),
    ],
)
def test_each_system_has_its_words(word, result):
    assert result_of(word) is result


@pytest.mark.parametrize("word", ["", "running", "green"])
def test_a_word_of_nobody_is_no_result(word):
    assert result_of(word) is None
