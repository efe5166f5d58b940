"""A channel's rate limit: any window of it holds, whatever came before."""

from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.notify.notifier import Rate
from ci_reporter.notify.pace import FEW, room, wait_s

RATES = st.builds(lambda count, per_s: Rate(count=count, per_s=per_s), st.integers(1, 20), st.floats(0.5, 60))


@given(rate=RATES, gaps=st.lists(st.floats(0, 10), max_size=60))
def test_no_window_ever_has_more_than_the_channel_allows(rate, gaps):
    sent, now_s = [], 1000.0
    for gap in gaps:
        now_s += gap
        now_s += wait_s(sent, rate, now_s)
        sent.append(now_s)
    for at in sent:
        assert sum(at - rate.per_s + 1e-6 < each <= at for each in sent) <= rate.count


@given(rate=RATES, sent=st.lists(st.floats(900, 1000), max_size=30).map(sorted), seconds=st.floats(0, 120))
def test_there_is_room_for_as_many_as_waiting_until_then_allows(rate, sent, seconds):
    times, at_s, found = list(sent), 1000.0, 0
    while found < max(rate.count, FEW) and (at_s := at_s + wait_s(times, rate, at_s)) <= 1000.0 + seconds:
        times.append(at_s)
        found += 1
    assert room(sent, rate, 1000.0, 1000.0 + seconds) == found


def test_a_clock_that_was_set_back_does_not_close_the_channel_for_hours():
    assert wait_s([5000.0] * 20, Rate(count=20, per_s=60.0), 1000.0) == 0.0
