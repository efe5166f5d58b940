"""Unknown is unknown; what a file declares and what it holds are two things."""

import pytest

from ci_reporter.errors import CIReporterError, ReportFileError, UsageError


def cobertura(lines="", attributes=""):
    rows = "".join(f'<line number="{number}" hits="{hits}"/>' for number, hits in lines)
    return f'<coverage {attributes}><class name="a" filename="a.py"><lines>{rows}</lines></class></coverage>'


@pytest.mark.parametrize("rate", ["NaN", "", "n/a", "-nan"])
def test_a_rate_that_is_no_number_is_unknown(report, rate):
    assert report(cobertura([], f'line-rate="{rate}"')).pct is None


def test_nothing_to_cover_is_unknown_not_0_and_not_100(report):
    found = report(cobertura([], 'lines-valid="0" lines-covered="0"'))

    assert found.pct is None
    assert found.to_model() is None
    assert not found.mismatch


@pytest.mark.parametrize("rate", ["1.5", "-0.1", "1e309", "-1e309", "93"])
def test_a_rate_outside_0_to_1_is_an_error(report, rate):
    with pytest.raises(ReportFileError, match="expected a rate of 0 to 1, got"):
        report(cobertura([(1, 1)], f'line-rate="{rate}"'))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('{"meta":{"branch_coverage":false},"files":{},"totals":{"percent_covered":120}}', "coveragepy_json"),
        ('{"total":{"lines":{"total":5,"covered":1,"pct":-1}}}', "istanbul"),
        ('{"data":[{"files":[],"totals":{"lines":{"count":3,"percent":100.5}}}]}', "llvm_cov"),
        ('{"gcovr/summary_format_version":"1","files":[],"line_percent":101}', "gcovr"),
        ('<CoverageSession><Summary sequenceCoverage="101"/></CoverageSession>', "opencover"),
    ],
)
def test_a_percentage_outside_0_to_100_is_an_error(report, content, kind):
    with pytest.raises(ReportFileError, match="expected a rate of 0 to 100"):
        report(content, kind)


def test_more_covered_than_there_is_falls_back_to_the_records(report):
    found = report(cobertura([(1, 1), (2, 0)], 'lines-valid="100" lines-covered="120"'))

    assert (found.totals.covered, found.totals.total) == (1, 2)
    assert "the computed totals are used" in found.sentence


def test_more_covered_than_there_is_and_no_records_is_an_error(report):
    with pytest.raises(ReportFileError, match="declares 120 of 100 lines covered"):
        report('{"total":{"lines":{"total":100,"covered":120,"pct":100}}}')


@pytest.mark.parametrize("count", ["-5", "NaN", "many", "1e309", "9" * 30, ""])
def test_a_declared_count_that_cannot_be_is_as_good_as_absent(report, count):
    found = report(cobertura([(1, 1), (2, 0)], f'lines-valid="{count}" lines-covered="1"'))

    assert (found.totals.covered, found.totals.total) == (1, 2)


def test_declared_totals_win_and_the_difference_is_said_once(report):
    found = report(cobertura([(1, 1)], 'lines-valid="10" lines-covered="9"'))

    assert found.pct == 90
    assert found.to_model().declared_mismatch
    assert found.sentence.count("declares") == 1


def test_a_trimmed_file_keeps_what_it_declares(report):
    found = report(cobertura([], 'lines-valid="10" lines-covered="9" line-rate="0.9"'))

    assert found.pct == 90
    assert not found.mismatch


def test_a_rate_alone_is_a_percentage_without_counts(report):
    found = report(cobertura([], 'line-rate="0.85"'))

    assert found.pct == 85
    assert found.to_model() is None


def test_a_rate_that_the_records_contradict_is_a_mismatch(report):
    assert report(cobertura([(1, 1), (2, 0)], 'line-rate="0.9"')).mismatch
    assert not report(cobertura([(1, 1), (2, 0), (3, 0)], 'line-rate="0.33"')).mismatch


def test_a_line_with_unknown_hits_is_not_counted(report):
    found = report(cobertura([(1, 1), (2, ""), (3, "NaN"), (4, 0)]))

    assert (found.totals.covered, found.totals.total) == (1, 2)


@pytest.mark.parametrize("hits", ["-1", "1e309", "x", "1.5", "--1"])
def test_hits_that_cannot_be_are_an_error(report, hits):
    with pytest.raises(ReportFileError, match=r"line 1: expected a number of hits"):
        report(cobertura([(1, hits)]))


@pytest.mark.parametrize("number", ["", "-1", "10000000000", "1e400", "NaN", "x"])
def test_a_line_number_no_file_has_is_an_error(report, number):
    with pytest.raises(ReportFileError, match="expected a line number"):
        report(cobertura([(number, 1)]))


@pytest.mark.parametrize("kind", ["cobertura", "clover", "jacoco", "opencover"])
def test_rows_without_a_root_are_no_report(report, kind):
    with pytest.raises(ReportFileError, match="expected a <"):
        report("<line/>", kind)


def test_huge_hits_are_hits(report):
    assert report(cobertura([(1, 2**70), (2, "1e3"), (3, "2.0")])).totals.covered == 3


def test_lines_of_methods_count_only_where_the_class_has_none(report):
    method = '<methods><method><lines><line number="1" hits="1"/><line number="9" hits="0"/></lines></method></methods>'
    own = '<lines><line number="1" hits="1"/></lines>'

    assert report(f'<coverage><class filename="a">{method}{own}</class></coverage>').totals.total == 1
    assert report(f'<coverage><class filename="a">{method}<lines/></class></coverage>').totals.total == 2


def test_a_file_that_comes_again_is_united_by_line(report):
    parts = [("a", 1, 1), ("b", 1, 0), ("a", 1, 0), ("a", 2, 1)]
    classes = [f'<class filename="{f}"><lines><line number="{n}" hits="{h}"/></lines></class>' for f, n, h in parts]
    content = f"<coverage>{''.join(classes)}</coverage>"

    for detail in (True, False):
        totals = report(content, detail=detail).computed
        assert (totals.covered, totals.total) == (2, 3)


def test_lcov_lines_may_repeat_and_totals_may_be_absent(report):
    found = report("SF:a\nDA:1,0\nDA:1,2\nDA:2,0\nend_of_record\n", detail=False)

    assert (found.totals.covered, found.totals.total) == (1, 2)
    assert found.declared.total is None


def test_lcov_file_that_comes_for_each_test_name_is_one_file(report):
    found = report("TN:a\nSF:a\nDA:1,0\nDA:2,1\nend_of_record\nTN:b\nSF:a\nDA:1,1\nDA:2,0\nend_of_record\n")

    assert (found.totals.covered, found.totals.total) == (2, 2)
    assert dict(found.files[0].lines.items()) == {1: 1, 2: 1}


@pytest.mark.parametrize("row", ["DA:1", "DA:x,1", "DA:1,-2", "WHAT:1", "DA:1,x", "BRDA:1,0,0,x", "LF:x"])
def test_lcov_nonsense_names_the_line(report, row):
    with pytest.raises(ReportFileError, match="report, line 2: expected"):
        report(f"SF:a\n{row}\nend_of_record\n")


def test_lcov_that_is_cut_off_is_said(report):
    with pytest.raises(ReportFileError, match="expected end_of_record; the file is cut off"):
        report("SF:a\nDA:1,1\nend_of_record\nSF:b\nDA:1,")


def test_lcov_with_windows_line_ends_and_commas_in_branches(report):
    found = report("TN:\r\nSF:a\r\nDA:1,1\r\nBRDA:1,e0,a,b,1\r\nBRDA:1,e0,a,c,-\r\nend_of_record\r\n")

    assert (found.totals.branches_covered, found.totals.branches_total) == (1, 2)


def test_go_profiles_pasted_together_are_one(report):
    profile = "mode: set\na.go:1.1,2.2 3 {}\n"

    assert report(profile.format(0) + profile.format(1)).pct == 100


def test_go_rows_that_are_none_name_the_line(report):
    with pytest.raises(ReportFileError, match=r"line 2: expected 'file\.go"):
        report("mode: set\na.go:1 3 1\n")


def test_an_unknown_format_names_those_that_are_known(report):
    with pytest.raises(UsageError, match=r"no coverage format named 'nope'.*cobertura"):
        report("<coverage/>", "nope")


@pytest.mark.parametrize("content", ["hello", "<html/>", "{}", "[]", "\0\0\0", " \n", "<testsuites/>", '{"a": 1}'])
def test_what_is_no_coverage_says_what_was_expected(report, content):
    with pytest.raises(ReportFileError, match="expected a coverage report"):
        report(content)


@pytest.mark.parametrize("kind", ["cobertura", "clover", "jacoco", "opencover"])
def test_a_format_that_is_wrong_for_the_file_is_said(report, kind):
    with pytest.raises(CIReporterError, match="expected a <"):
        report("<project><coverage/></project>", kind)
