"""Where a test failed, as reports of many languages write it."""

from __future__ import annotations

import pytest

from ci_reporter import testresults
from ci_reporter.testresults.places import Place, places


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        (
            "def test():\n>  assert 1 == 2\nE  assert 1 == 2\n\ntests/test_cart.py:4: AssertionError",
            "tests/test_cart.py",
            4,
        ),
        ('Traceback:\n  File "/w/test_old.py", line 7, in test_adds\n', "/w/test_old.py", 7),
        ("Error: no\n    at Object.<anonymous> (/w/src/cart.test.js:5:15)", "/w/src/cart.test.js", 5),
        ("java.lang.AssertionError\n\tat com.acme.CartTest.adds(CartTest.java:12)", "CartTest.java", 12),
        ("    cart_test.go:12: got 1", "cart_test.go", 12),
        ("C:\\w\\CartTest.cs:3", "C:\\w\\CartTest.cs", 3),
    ],
    ids=["pytest", "unittest", "jest", "java", "go", "windows"],
)
def test_a_stack_trace_names_its_place(text, path, line):
    assert places({}, text)[0] == Place(path=path, line=line)


def test_the_cases_own_line_is_a_place():
    assert places({"file": "g.cpp", "line": "2"}) == (Place(path="g.cpp", line=2),)


@pytest.mark.parametrize("text", ["", "at 12:30:45", "http://127.0.0.1:80/", "cart.py:0: no", "x" * 100_000])
def test_what_is_not_a_place_is_none(text):
    assert places({}, text) == ()


def test_a_junit_file_keeps_the_places_of_its_failures(tmp_path):
    (tmp_path / "junit.xml").write_text(
        '<testsuite name="s"><testcase name="a"><failure message="assert 1 == 2">tests/test_cart.py:4: AssertionError'
        '</failure></testcase><testcase name="b" file="x.py" line="3"/></testsuite>'
    )
    found = testresults.collect(["junit.xml"], str(tmp_path), None)
    (case,) = found.failed
    assert (case.message, case.places) == ("assert 1 == 2", (Place(path="tests/test_cart.py", line=4),))
