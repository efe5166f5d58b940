"""Text → value, one kind of setting after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.config import settings, values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        ("1d", 86400),
        ("0.1", 0.1),
    ],
)
def test_a_duration(text, seconds):
    assert values.duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1", "1 m", "1x", "0", "0s", "1e9", "9" * 400, "9" * 308 + "s", "nan", "∞"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is not"):
        values.duration_s(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("100", 100), ("4K", 4096), ("4kB", 4096), ("64 KiB", 65536), ("1M", 2**20), ("5B", 5)]
)
def test_a_size(text, size):
    assert values.size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5K", "K", "2M", "1G", "9" * 5000, "1T"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="is "):
        values.size_bytes(text)


@pytest.mark.parametrize(
    "text",
    [
        *("http://h", "https://h.example:9091", "http://1.2.3.4:1/pu-sh/x", "http://[::1]", "http://[fe80::1]:9091/x"),
        *("http://u:p@h:1", "http://h/a@b", "http://localhost", "http://münchen.de", "http://a_b"),
    ],
)
def test_an_address(text):
    assert values.url(text) == text


def test_an_addresss_last_slash_goes():
    assert values.url("http://h/x/") == "http://h/x"


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", " on "])
def test_yes(text):
    assert values.flag(text) is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off", ""])
def test_no(text):
    assert values.flag(text) is False


@pytest.mark.parametrize("text", ["a=b=c", "a=ü", "a.b-c_1=x"])
def test_a_pair_is_cut_at_its_first_equals_sign(text):
    assert values.pair(text) == tuple(text.split("=", 1))


@given(st.text())
def test_no_text_raises_anything_but_value_error(text):
    for setting in settings():
        try:
            setting.parse(text)
        except ValueError as exc:
            assert "\n" not in str(exc)
