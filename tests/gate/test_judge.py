"""From recordings and rules to a verdict."""

from dataclasses import replace

import pytest

from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Count, Probe, Recording, Signal
from ci_reporter.gate.rules.ruleset import default

P95, ERRORS = "http_latency_p95 > +10%", "http_error_rate > +0%"


def only(verdict):
    return verdict.rules[0].finding


def test_the_same_service_passes_at_the_end_of_the_watch(judged, make_recording):
    verdict = judged(P95, watch=make_recording())
    assert (verdict.verdict, verdict.decided_at_s, verdict.exit_code) == ("pass", 300.0, 0)


def test_twice_as_slow_fails_in_half_a_minute(judged, make_recording):
    verdict = judged(P95, watch=make_recording(slower=2.0))
    assert (verdict.verdict, verdict.exit_code, verdict.decided_at_s <= 65) == ("fail", 1, True)
    assert only(verdict).p <= only(verdict).needed


def test_a_finding_names_the_three_worst_probes(judged, make_recording):
    worst = only(judged(P95, watch=make_recording(slower=2.0))).worst
    assert [each["latency_ms"] for each in worst] == sorted((each["latency_ms"] for each in worst), reverse=True)


def test_what_starts_late_is_seen_in_the_last_minute(judged, make_probes):
    probes = (*make_probes(seconds=200), *make_probes(seconds=100, start=200, slower=2.0, seed=5))
    watch = Recording(phase="watch", signals={"http_latency": Signal(probes=probes)})
    assert judged(P95, watch=watch).verdict == "fail"


def test_more_of_a_recording_never_changes_when_it_failed(judged, make_recording):
    whole = judged(P95, watch=make_recording(slower=1.5), gate="watch: 5m")
    at_s = whole.decided_at_s
    cut = make_recording(slower=1.5)
    probes = tuple(each for each in cut.signals["http_latency"].probes if each.t < at_s)
    cut = replace(cut, signals={"http_latency": Signal(probes=probes)})
    assert judged(P95, watch=cut, gate="watch: 5m").decided_at_s == at_s


@pytest.mark.parametrize("slower", [1.3, 1.6, 2.0, 4.0])
def test_a_slower_watch_fails_no_later(judged, make_recording, slower):
    times = [judged(P95, watch=make_recording(slower=each)).decided_at_s for each in (slower, slower * 1.5)]
    assert times[1] <= times[0]


def test_scaling_both_windows_changes_no_verdict(judged, make_recording):
    plain = judged(P95, watch=make_recording(slower=1.4))
    old = make_recording("baseline", seconds=120, seed=99, slower=8.0)
    scaled = judged(P95, watch=make_recording(slower=1.4 * 8), baseline=old)
    assert (scaled.decided_at_s, only(scaled).p) == (plain.decided_at_s, only(plain).p)


@pytest.mark.parametrize(
    ("condition", "how", "verdict"),
    [
        ("http_latency_p95 > 1500ms", {}, "pass"),
        ("http_latency_p95 > 150ms", {}, "fail"),
        ("error_rate > 1%", {"errors": 0.2}, "fail"),
        ("availability < 99%", {"errors": 0.2}, "fail"),
        ("error_rate > 1%", {}, "pass"),
        ("consecutive failures >= 3 within 5m", {"errors": 1.0}, "fail"),
        ("consecutive failures >= 3 within 5m", {"errors": 0.5}, "pass"),
        ("consecutive failures >= 3 within 5m", {}, "pass"),
        ("down for 15s", {"errors": 1.0}, "fail"),
        ("down for 15s", {"errors": 0.5}, "pass"),
        ("http_latency_p95 > 150ms and error_rate > 1%", {}, "pass"),
        ("http_latency_p95 > 150ms or error_rate > 1%", {}, "fail"),
        (ERRORS, {"errors": 0.05}, "fail"),
    ],
)
def test_conditions(judged, make_recording, condition, how, verdict):
    assert judged(condition, watch=make_recording(**how)).verdict == verdict


def test_a_failed_probe_is_slower_than_any(judged, make_recording):
    probes = tuple(
        replace(each, ok=at % 2 == 0, latency_ms=1.0)
        for at, each in enumerate(make_recording().signals["http_latency"].probes)
    )
    watch = Recording(phase="watch", signals={"http_latency": Signal(probes=probes)})
    assert judged(P95, watch=watch).verdict == "fail"


@pytest.mark.parametrize(
    "signals", [{}, {"http_latency": Signal()}, {"other": Signal(probes=(Probe(t=0.0, ok=True, latency_ms=1.0),))}]
)
@pytest.mark.parametrize("condition", [P95, ERRORS, "error_rate > 1%", "http_latency consecutive failures >= 3"])
def test_no_data_is_never_a_pass(judged, condition, signals):
    verdict = judged(condition, watch=Recording(phase="watch", signals=signals))
    assert (verdict.verdict, verdict.exit_code) == ("inconclusive", 3)


@pytest.mark.parametrize(("no_data", "exit_code"), [("fail", 1), ("inconclusive", 3), ("pass", 0)])
def test_what_no_data_means_can_be_said(judged, no_data, exit_code):
    watch = Recording(phase="watch", signals={})
    assert judged("error_rate > 1%", watch=watch, no_data=no_data).exit_code == exit_code


def test_no_baseline_is_inconclusive_and_only_warns(make_recording, make_rules):
    verdict = judge(None, make_recording(), make_rules(P95))
    assert (verdict.verdict, verdict.exit_code) == ("inconclusive", 0)


def test_the_policy_for_inconclusive_can_be_strict(make_recording, make_rules):
    assert judge(None, make_recording(), make_rules(P95, gate="inconclusive: fail")).exit_code == 3


def test_a_watch_too_short_to_fail_is_not_a_pass(judged, make_recording):
    assert judged(P95, watch=make_recording(seconds=5)).verdict == "inconclusive"


def test_a_watch_that_ended_before_its_minimum_is_not_a_pass(judged, make_recording):
    verdict = judged("error_rate > 1%", watch=make_recording(seconds=40), gate="watch: 5m, min_watch: 60s")
    assert (verdict.verdict, verdict.exit_code) == ("inconclusive", 3)


def test_a_watch_that_broke_off_says_so_and_fails_the_job(judged, make_recording):
    verdict = judged(P95, watch=make_recording(seconds=250), gate="watch: 5m")
    assert (verdict.verdict, verdict.exit_code) == ("inconclusive", 3)
    assert only(verdict).reason == "the watch ended after 250 s, and 300 s were planned"


def test_a_signal_that_is_gone_for_most_of_the_watch_is_missing_data(judged, make_recording, make_probes):
    signals = {"http_latency": Signal(probes=make_probes(seconds=30)), "health": Signal(probes=make_probes())}
    verdict = judged(P95, watch=Recording(phase="watch", signals=signals), gate="watch: 5m, extend: 0s")
    assert (verdict.verdict, verdict.exit_code) == ("inconclusive", 3)
    assert only(verdict).reason.startswith("6 of the 60 blocks of the watch have data (none at 30-300 s)")


def test_a_dry_run_blocks_nothing(judged, make_recording):
    verdict = judged(P95, watch=make_recording(slower=3.0), mode="dry-run")
    assert (only(verdict).verdict, verdict.exit_code != 1) == ("fail", True)


def test_too_few_probes_for_the_rule_are_inconclusive(judged, make_recording):
    assert judged(P95, watch=make_recording(), min="{probes: 5000}").verdict == "inconclusive"


def test_fewer_errors_than_the_rule_wants_do_not_fail(judged, make_recording):
    verdict = judged(ERRORS, watch=make_recording(errors=0.05), min="{errors: 500}")
    assert verdict.verdict == "inconclusive"
    assert only(verdict).reason.endswith("the rule wants 500 errors")


def test_threshold_compares_the_bare_numbers(judged, make_recording):
    verdict = judged(P95, watch=make_recording(slower=1.3), judge="threshold")
    assert (verdict.verdict, only(verdict).p, only(verdict).statistic) == ("fail", None, "raw comparison")


def test_early_pass_comes_before_the_end_and_after_the_minimum(judged, make_recording):
    verdict = judged(
        P95,
        watch=make_recording(rate=20),
        baseline=make_recording("baseline", seconds=120, rate=20, seed=9),
        gate="early_pass: true, min_watch: 60s",
    )
    assert verdict.verdict == "pass"
    assert 60 <= verdict.decided_at_s < 300


def test_counts_are_judged_too(judged):
    def counts(bad, seconds):
        return Signal(counts=tuple(Count(t=t, bad=bad, total=1000) for t in range(0, seconds, 15)))

    old = Recording(phase="baseline", signals={"health": counts(1, 600)})
    watch = Recording(phase="watch", signals={"health": counts(30, 300)})
    assert judged("health_error_rate > +100%", watch=watch, baseline=old).verdict == "fail"


def test_a_rule_has_its_share_of_alpha(judged, make_recording):
    both = judged("error_rate > 1%", "error_rate > 2%", watch=make_recording())
    assert [rule.finding.needed for rule in both.rules] == [pytest.approx(200)] * 2


def test_what_could_have_been_seen_is_stated(judged, make_recording):
    seen = judged(P95, watch=make_recording()).rules[0].could_have_seen
    assert [each["change"] for each in seen["powers"]] == ["+20%", "+50%", "+100%", "+200%"]
    assert seen["powers"][1]["power"] > 0.99


def test_what_begins_in_the_last_minute_is_harder_to_see_and_stated_too(judged, make_recording):
    seen = judged(P95, watch=make_recording(), gate="watch: 5m").rules[0].could_have_seen
    assert [each["power"] for each in seen["late"]] < [each["power"] for each in seen["powers"]]
    assert "had it begun in the last minute: +100% with" in seen["text"]


def test_the_default_rules_find_an_outage_at_once(make_recording):
    verdict = judge(make_recording("baseline", seconds=120), make_recording(errors=1.0), default())
    assert (verdict.verdict, verdict.decided_at_s) == ("fail", 15.0)
