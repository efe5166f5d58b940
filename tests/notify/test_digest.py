"""A storm becomes few messages, and none of its alerts goes uncounted."""

from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.notify.alert import Alert, Level, State
from ci_reporter.notify.digest import digest, fold
from ci_reporter.notify.language import Language

ALERTS = st.lists(
    st.builds(
        lambda title, level, at_s, alert_id: Alert(title=title, level=level, at_s=at_s, alert_id=str(alert_id)),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(Level),
        st.floats(0, 1e9),
        st.uuids(),
    ),
    min_size=1,
    max_size=40,
)


def counted(messages):
    return sum(sum(each.digest.values()) or 1 for each in messages)


@given(alerts=ALERTS, room=st.integers(0, 20))
def test_there_are_no_more_messages_than_room_and_every_alert_counts(alerts, room):
    messages = fold(alerts, room)
    assert len(messages) <= max(1, room)
    assert counted(messages) == len(alerts)


@given(alerts=ALERTS, rooms=st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_digests_of_digests_count_every_alert(alerts, rooms):
    messages = list(alerts)
    for room in rooms:
        messages = fold(messages, room)
    assert counted(messages) == len(alerts)


def test_the_most_urgent_ones_are_told_by_themselves():
    calm = [Alert(title=f"calm {n}", alert_id=f"c{n}") for n in range(9)]
    messages = fold([*calm, Alert(title="down", level=Level.CRITICAL, alert_id="d")], 2)
    assert [each.title for each in messages] == ["down", "9 alerts"]


def test_a_digest_says_what_came_how_often_and_is_as_urgent_as_the_worst():
    found = digest([Alert(title="a"), Alert(title="b", level=Level.ERROR), Alert(title="a")])
    assert (found.title, found.text, found.level) == ("3 alerts", "2 × a\n1 × b", Level.ERROR)


def test_a_digest_tells_what_began_from_what_is_over():
    found = digest([Alert(title="a"), Alert(title="a", state=State.RESOLVED)], Language.ZH)
    assert (found.title, found.text) == ("2 条告警", "1 × a\n1 × Resolved: a")


def test_what_a_digest_has_no_room_for_is_counted():
    found = digest([Alert(title=f"t{n}") for n in range(10_000)])
    assert found.text.endswith("\n… 9985 more")
    assert len(found.digest) == 101
