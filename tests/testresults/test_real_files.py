"""Files of real tools say what the tools said; one run in several formats is one result."""

from pathlib import Path

import pytest

DATA = Path(__file__).with_name("data")

# total, passed, failed, errors, skipped, flaky
COUNTS = {
    "pytest/pytest.xml": ("junit", 15, 5, 5, 3, 2, 0),
    "pytest/reruns.xml": ("junit", 15, 6, 4, 3, 2, 1),
    "pytest/reruns-small.xml": ("junit", 3, 2, 1, 0, 0, 1),
    "unittest-xml-reporting/unittest.xml": ("junit", 7, 1, 2, 2, 2, 0),
    "jest/jest-junit.xml": ("junit", 7, 4, 2, 0, 1, 0),
    "jest/jest-sonar.xml": ("sonarqube", 7, 4, 2, 0, 1, 0),
    "mocha/xunit.xml": ("junit", 8, 4, 2, 0, 2, 0),
    "mocha/mocha-junit-reporter.xml": ("junit", 6, 4, 2, 0, 0, 0),
    "mocha/mocha.tap": ("tap", 8, 4, 2, 0, 2, 0),
    "node/node.xml": ("junit", 10, 4, 2, 0, 4, 0),
    "node/node.tap": ("tap", 10, 4, 2, 0, 4, 0),
    "vitest/vitest.xml": ("junit", 6, 3, 1, 0, 2, 0),
    "vitest/vitest.tap": ("tap", 6, 3, 1, 0, 2, 0),
    "vitest/vitest-flat.tap": ("tap", 6, 3, 1, 0, 2, 0),
    "node-tap/script.tap": ("tap", 6, 3, 1, 0, 2, 0),
    "node-tap/runner.tap": ("tap", 6, 3, 1, 0, 2, 0),
    "surefire/TEST-shop.CartTest.xml": ("junit", 8, 4, 1, 1, 2, 1),
    "go/test.json": ("gotest_json", 11, 4, 5, 1, 1, 0),
    "go/go-junit-report.xml": ("junit", 11, 4, 5, 1, 1, 0),
    "go/gotestsum.xml": ("junit", 11, 4, 6, 0, 1, 0),
    "go/reruns.json": ("gotest_json", 8, 4, 3, 0, 1, 1),
    "go/count2.json": ("gotest_json", 16, 7, 7, 0, 2, 0),
    "go/reruns.xml": ("junit", 7, 5, 1, 0, 1, 3),
    "go/reruns-again.json": ("gotest_json", 7, 5, 1, 0, 1, 3),
    "go/reruns-root.xml": ("junit", 7, 5, 1, 0, 1, 3),
    "go/count2.xml": ("junit", 14, 7, 5, 0, 2, 0),
    "googletest/gtest.xml": ("junit", 6, 3, 1, 0, 2, 0),
    "catch2/catch2.xml": ("junit", 6, 2, 2, 1, 1, 0),
    "ctest/ctest.xml": ("junit", 7, 2, 2, 0, 3, 0),
    "perl/cart.tap": ("tap", 9, 2, 2, 0, 5, 0),
    "perl/short.tap": ("tap", 3, 1, 0, 2, 0, 0),
    "perl/bail-out.tap": ("tap", 3, 1, 0, 2, 0, 0),
    "perl/skip-all.tap": ("tap", 0, 0, 0, 0, 0, 0),
    "perl/prove.tap": ("tap", 12, 3, 2, 2, 5, 0),
    "nextest/junit.xml": ("junit", 3, 2, 1, 0, 0, 1),
    "dotnet/results.trx": ("trx", 6, 3, 1, 1, 1, 0),
    "dotnet/nunit2.xml": ("nunit2", 5, 1, 1, 1, 2, 0),
    "dotnet/nunit24.xml": ("nunit2", 3, 1, 1, 0, 1, 0),
    "dotnet/nunit3.xml": ("nunit3", 6, 2, 1, 1, 2, 0),
    "dotnet/xunit2.xml": ("xunit2", 4, 1, 1, 1, 1, 0),
}
AGREE = {
    "node": ("node/node.xml", "node/node.tap"),
    "vitest": ("vitest/vitest.xml", "vitest/vitest.tap", "vitest/vitest-flat.tap"),
    "mocha": ("mocha/xunit.xml", "mocha/mocha.tap"),
    "go": ("go/test.json", "go/go-junit-report.xml"),
    "go, with reruns": ("go/reruns.xml", "go/reruns-again.json", "go/reruns-root.xml"),
    "node-tap": ("node-tap/script.tap", "node-tap/runner.tap"),
}


def counts(result):
    tests = result.tests
    return (tests.total, tests.passed, tests.failed, tests.errors, tests.skipped, tests.flaky)


def _short(name):
    """A name without what one format puts before it and another into the suite."""
    return name.split(" > ")[-1].removeprefix("cart ").replace("[build failed]", "(package)")


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_those_of_the_tool(data, name):
    result = data(name)

    assert (result.format, *counts(result)) == COUNTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_every_test_has_one_outcome(data, name):
    total, passed, failed, errors, skipped, flaky = counts(data(name))

    assert passed + failed + errors + skipped == total
    assert flaky <= passed


def test_every_file_is_in_the_table():
    files = {str(path.relative_to(DATA)) for path in DATA.glob("*/*") if path.suffix != ".txt"}

    assert files == set(COUNTS)


@pytest.mark.parametrize("names", AGREE.values(), ids=AGREE)
def test_one_run_is_one_result_in_every_format(data, names):
    assert len({counts(data(name)) for name in names}) == 1


@pytest.mark.parametrize("names", AGREE.values(), ids=AGREE)
def test_one_run_fails_by_the_same_names(data, names):
    assert len({tuple(sorted(_short(case.name) for case in data(name).failed)) for name in names}) == 1


def test_gotestsum_and_go_agree_on_what_did_not_pass(data):
    xml, events = data("go/gotestsum.xml"), data("go/test.json")

    assert xml.tests.failed + xml.tests.errors == events.tests.failed + events.tests.errors
    assert xml.tests.duration_ms == events.tests.duration_ms


def test_node_durations_agree_to_the_millisecond(data):
    assert data("node/node.xml").tests.duration_ms == data("node/node.tap").tests.duration_ms == 34


def test_pytest_reruns_are_flaky_and_counted_once(data):
    result = data("pytest/reruns-small.xml")

    assert [case.name for case in result.flaky] == ["test_flaky"]
    assert result.declared["total"] == result.tests.total == 3
    assert not result.mismatch


def test_surefire_declares_less_than_it_holds_and_it_is_said_once(data):
    result = data("surefire/TEST-shop.CartTest.xml")

    assert result.mismatch
    assert result.notes == ("declares 2 tests, 0 skipped; its records hold 8 tests, 2 skipped, which is what counts",)
    assert [case.name for case in result.flaky] == ["flaky"]


@pytest.mark.parametrize(
    "name", ["googletest/gtest.xml", "ctest/ctest.xml", "dotnet/results.trx", "dotnet/nunit3.xml", "dotnet/xunit2.xml"]
)
def test_counters_of_the_tool_agree_with_the_cases(data, name):
    result = data(name)

    assert "total" in result.declared
    assert not result.mismatch


@pytest.mark.parametrize(
    ("name", "case", "message"),
    [
        ("pytest/pytest.xml", "test_fails", "AssertionError: cart <&> differs"),
        ("jest/jest-junit.xml", "cart throws", "Error: no cart"),
        ("node/node.tap", "two", "two\nlines"),
        ("vitest/vitest.tap", "fails <&>", "expected 2 to be 3"),
        ("mocha/mocha.tap", "cart throws", "no cart\nError: no cart"),
        ("go/test.json", "TestFails", "printed\n    cart_test.go:4: got 2, want 3 <&>"),
        ("go/test.json", "(package)", "# shop/broken [shop/broken.test]\nbroken/b_test.go:3:28: undefined: nope"),
        ("go/test.json", "TestPanics", "panic: assignment to entry in nil map"),
        ("go/gotestsum.xml", "TestMain", "FAIL    shop/broken [build failed]"),
        ("catch2/catch2.xml", "throws", "FAILED:\nno cart"),
        ("dotnet/results.trx", "Each(price: 1.5)", "Assert.Equal() Failure"),
        ("dotnet/nunit3.xml", "Breaks", "System.InvalidOperationException : no cart"),
        ("dotnet/xunit2.xml", "Shop.CartTests", "cannot clean up"),
        ("perl/bail-out.tap", "Bail out!", "no database"),
    ],
)
def test_the_message_is_what_the_test_said(data, name, case, message):
    said = {each.name: each.message for each in data(name).failed}

    assert said[case].startswith(message)


def test_the_slowest_come_first(data):
    slowest = data("surefire/TEST-shop.CartTest.xml").slowest

    assert [(case.name, case.duration_ms) for case in slowest][:3] == [
        ("alwaysFails", 39),
        ("each(int)[1]", 28),
        ("each(int)[2]", 6),
    ]
