"""Text → value, one kind of setting after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.cli.gate import options
from ci_reporter.config import plugins, values
from ci_reporter.config.load import load
from ci_reporter.gate.rules import rulefile


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
        ("5min", 300),
        ("2w", 1209600),
        ("0.1", 0.1),
    ],
)
def test_a_duration(text, seconds):
    assert values.duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1", "1 m", "1x", "0", "0s", "1e9", "9" * 400, "9" * 308 + "s", "nan", "∞"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is not"):
        values.duration_s(text)


@pytest.mark.parametrize("text", ["90", "1h30m", "5min", "250ms"])
def test_a_duration_is_the_same_in_an_option_and_in_the_rules(text):
    rules = rulefile.parse(f"gate: {{watch: {text}}}\nrules: [{{if: down for 15s}}]\n".encode(), "gate.yml")
    given = options.gate_options({"url": "http://h", "watch": text})
    assert load({"timeout_s": text}, {}, ()).timeout_s == rules.plan.watch_s == given.watch_s


def test_a_clock_time_is_told_what_it_would_be():
    with pytest.raises(ValueError, match="write 90s"):
        values.duration_s("1:30")


def test_a_day_is_the_most_of_a_gate():
    assert values.within_a_day_s("24h") == 86400
    with pytest.raises(ValueError, match="is longer than 24h"):
        values.within_a_day_s("25h")


@pytest.mark.parametrize("text", ["0", "0s", "none"])
def test_no_time_at_all(text):
    assert values.up_to_a_day_s(text) == 0


def test_a_forgotten_unit_is_refused_where_it_would_do_damage():
    with pytest.raises(ValueError, match=r"has no unit .write 30s, 30m, 30h or 30d"):
        values.duration_with_unit_s("30")


@pytest.mark.parametrize(("text", "a_second"), [("10/s", 10), ("12/m", 0.2), ("12/min", 0.2), ("90/h", 0.025)])
def test_a_rate(text, a_second):
    assert values.rate(text) == pytest.approx(a_second)


@pytest.mark.parametrize("text", ["10", "10/x", "0/s", "1001/s", "-1/s", "٣/s", ""])
def test_what_is_no_rate(text):
    with pytest.raises(ValueError, match="is not "):
        values.rate(text)


@pytest.mark.parametrize(("text", "number"), [("80", 80), ("80%", 80), ("0.5", 0.5), ("99.9 %", 99.9), (".5%", 0.5)])
def test_a_percentage(text, number):
    assert values.percent(text) == number


@pytest.mark.parametrize("text", ["101", "-1", "nan", "1e1", "1_0", "%", "", "eighty"])
def test_what_is_no_percentage(text):
    with pytest.raises(ValueError, match="is not a percentage"):
        values.percent(text)


def test_a_share_is_written_in_percent():
    assert values.share("10%") == 0.1
    with pytest.raises(ValueError, match=r"has no % .write 0.1%, or 10% if a share is meant"):
        values.share("0.1")


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("100", 100), ("4K", 4096), ("4kB", 4096), ("64 KiB", 65536), ("1M", 2**20), ("5B", 5)]
)
def test_a_size(text, size):
    assert values.size_bytes(text) == size


def test_a_tail_is_at_most_what_a_record_holds():
    assert values.tail_bytes("1M") == 2**20
    with pytest.raises(ValueError, match="is more than the 1 MiB that can be kept"):
        values.tail_bytes("2M")


@pytest.mark.parametrize("text", ["", "-1", "1.5K", "K", "9" * 5000, "1T"])
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


@pytest.mark.parametrize("text", ["http://h?x=1", "https://h/a?b=c&d", "http://h:1/#top", "HTTP://h"])
def test_an_address_to_probe_may_have_a_query(text):
    assert values.page_url(text) == text


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
    for setting in plugins.all_settings():
        try:
            setting.parse(text)
        except ValueError as exc:
            assert "\n" not in str(exc)
