"""What a command writes to `$CI_REPORTER_MEASURES`, whatever it puts there."""

import os

import pytest

from ci_reporter.step.measures import MOST_MEASURES, take_measures


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "measures")


@pytest.fixture
def take(path):
    """Take the measures of a file with this text."""

    def call(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return take_measures(path)

    return call


def test_no_file_is_no_measures(path):
    assert take_measures(path) == ({}, [])


def test_the_last_value_of_a_name_counts_and_the_file_goes(take, path):
    assert take("size=1\n\n size=2.5 \n") == ({"size": 2.5}, [])
    assert not os.path.exists(path)


def test_lines_that_are_not_measures_are_counted_with_the_first(take):
    found, (warning,) = take("a=1\nnonsense\nb=nan\nc=x\n")
    assert found == {"a": 1}
    assert warning.startswith("$CI_REPORTER_MEASURES: 3 lines left out, the first: 'nonsense'")


def test_a_fifo_is_not_waited_for(path):
    os.mkfifo(path)
    found, (warning,) = take_measures(path)
    assert found == {}
    assert warning.endswith("is not read: it is not a plain file")
    assert not os.path.lexists(path)


def test_a_link_is_not_followed(path):
    os.symlink("/dev/zero", path)
    _, (warning,) = take_measures(path)
    assert warning.endswith("is not read: it is a link, not a plain file")
    assert not os.path.lexists(path)


def test_a_thousand_measures_are_too_many(take):
    found, (warning,) = take("".join(f"m{n}={n}\n" for n in range(1000)))
    assert list(found) == [f"m{n}" for n in range(MOST_MEASURES)]
    assert "has 1000 measures: only the first 200 are recorded" in warning


def test_a_file_without_end_is_cut(take):
    found, warnings = take("a=1\n" + "#" * 2 * 1024**2)
    assert found == {"a": 1}
    assert warnings[0] == "$CI_REPORTER_MEASURES has more than 1048576 bytes: the rest is left out"
