import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter import buildinfo
from ci_reporter.errors import ReportFileError
from ci_reporter.model import BuildInfo

texts = st.none() | st.text(max_size=50)


@given(
    st.builds(BuildInfo, version=texts, revision=texts, branch=texts, dirty=st.none() | st.booleans(), run_url=texts)
)
def test_decoding_gives_what_was_encoded(info):
    assert buildinfo.decode(buildinfo.encode(info), "x") == info


def test_unknown_is_left_out():
    assert buildinfo.to_json(BuildInfo(version="1.0", dirty=False)) == {"version": "1.0", "dirty": False}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not a build info: Expecting value"),
        (b"[]", "is not a JSON object"),
        (b'{"version": 3}', "version: expected a text, got 3"),
        (b'{"dirty": "no"}', "dirty: expected true or false"),
        (b"\xff", "is not a build info"),
        (b"[" * 60_000, "is not a build info"),
        (b" " * 70_000, "larger than 64 KiB"),
    ],
    ids=["empty", "list", "number", "dirty", "binary", "deep", "huge"],
)
def test_what_is_no_build_info_is_refused(content, problem):
    with pytest.raises(ReportFileError, match=problem):
        buildinfo.decode(content, "build-info.json")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReportFileError, match=r"build-info\.json: cannot be read: No such file"):
        buildinfo.read(str(tmp_path / "build-info.json"))
