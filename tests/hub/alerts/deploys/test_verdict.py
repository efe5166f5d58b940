"""What a service answered before a deploy and since: what the gate's judge says of it."""

import pytest

from ci_reporter.config import yaml
from ci_reporter.gate.recording import Count, Probe
from ci_reporter.hub.alerts.deploys.verdict import Seen, join, read, sentences, to_lines, verdict
from ci_reporter.hub.alerts.deploys.watchfile import watches


def make_watch(more="url: 'http://shop.example/health'"):
    text = f"- {{ name: shop, environment: production, watch: 10m, {more} }}"
    return watches(yaml.parse(text.encode(), "hub.yml"), {})[0]


def probes(marks, every_s=10.0):
    """`+` a good answer, `x` a bad one, one every ten seconds."""
    return tuple(
        Probe(
            t=at * every_s,
            ok=mark == "+",
            latency_ms=20.0 if mark == "+" else None,
            reason=None if mark == "+" else "HTTP 500",
        )
        for at, mark in enumerate(marks)
    )


GOOD = Seen(probes=probes("+" * 60))


def word(before, marks, at_s=None, watch=None):
    seen = Seen(probes=probes(marks))
    found = verdict(watch or make_watch(), before, seen, len(marks) * 10.0 if at_s is None else at_s)
    return None if found is None else (str(found.verdict), found.settled)


def test_three_failures_in_a_row_fail_at_once():
    assert word(GOOD, "++++xxx") == ("fail", True)


def test_two_failures_in_a_row_do_not():
    assert word(GOOD, "++++xx+++")[0] == "not known yet"


def test_a_service_that_answers_as_before_passes_in_the_end():
    assert word(GOOD, "+" * 60, 600.0) == ("pass", True)


def test_many_more_errors_than_before_fail_though_never_three_in_a_row():
    assert word(GOOD, "+x" * 30, 600.0) == ("fail", True)


def test_errors_that_were_there_before_are_no_news():
    before = Seen(probes=probes("+++x" * 15))
    assert word(before, "+++x" * 15, 600.0)[0] != "fail"


def test_without_answers_from_before_only_what_needs_none_is_judged():
    assert word(Seen(), "+x" * 30, 600.0) == ("pass", True)
    assert word(Seen(), "++xxx") == ("fail", True)


def test_nothing_seen_is_nothing_known():
    assert word(GOOD, "", 600.0) is None


def test_counts_of_prometheus_are_compared():
    watch = make_watch("errors: { bad: b, total: t }")
    steps = [15.0 * at for at in range(40)]
    before = Seen(counts=tuple(Count(t=t, bad=1, total=1000) for t in steps))
    after = Seen(counts=tuple(Count(t=t, bad=20, total=1000) for t in steps))
    assert str(verdict(watch, before, after, 600.0).verdict) == "fail"
    assert str(verdict(watch, before, before, 600.0).verdict) == "pass"


def test_the_sentences_say_what_failed_and_how_it_was_before():
    watch, seen = make_watch(), Seen(probes=probes("++++xxx"))
    said = list(sentences(watch, GOOD, seen, verdict(watch, GOOD, seen, 70.0)))
    assert said[0] == "consecutive failures >= 3 every 10s within 5m"
    assert any(each.startswith("errors of http://shop.example/health: 0") for each in said)
    assert said[-1] == "it answered: HTTP 500"


def test_what_is_kept_is_read_again():
    seen = Seen(probes=probes("+x+"), counts=(Count(t=1.0, bad=1, total=2),))
    assert read(to_lines(seen)) == seen
    assert read("damaged\n" + to_lines(seen)) == seen


def test_what_was_kept_goes_on_after_a_restart():
    later = Seen(probes=probes("xxxxx")[2:])
    assert [each.ok for each in join(Seen(probes=probes("+++")), later).probes] == [True, True, True, False, False]


@pytest.mark.parametrize("marks", ["x" * 3, "x" * 60], ids=["few", "many"])
def test_a_service_that_never_answers_fails(marks):
    assert word(GOOD, marks, len(marks) * 10.0) == ("fail", True)
