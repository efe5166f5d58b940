"""The dashboard about deploys: what the gates decided, on what evidence, and what is deployed."""

from __future__ import annotations

from grafana import GREEN_THEN_RED, Json, column, dashboard, now, over_time, row, stat, states, table, trend
from promql import COMPLETION, RUN_LINK, STEP, STEP_LEGEND, link_variables, once_a_run, series, step_variables

VERDICT = series("ci_gate_verdict")
LATENCY = "ci_gate_latency_seconds"
VERDICTS = {"pass": ("pass", "green"), "inconclusive": ("inconclusive", "yellow"), "fail": ("fail", "red")}
LAST_GATE = "A pushed gauge holds the value of the last gate until the next one."


def deploys() -> Json:
    """Verdicts, evidence, failed rules, deployed versions."""
    return dashboard(
        "ci-reporter-deploys",
        "CI deploys and gates",
        "What the gates after deploys decided, and what they saw. A gate is a step that watched a deploy.",
        [*step_variables(), *link_variables()],
        [
            row("Now", *_counts(), _last_verdicts(), _failed_rules()),
            row("Deploys", _verdicts(), _last_deploys()),
            row("Evidence", _p95(), _slower(), _errors(), _rules_over_time(), _decided(), _probes()),
            row("What is deployed", _builds()),
        ],
    )


def _counts() -> list[Json]:
    words = (
        ("pass", "Gates that pass", ()),
        ("fail", "Gates that fail", GREEN_THEN_RED),
        ("inconclusive", "Inconclusive gates", ((None, "green"), (1, "yellow"))),
    )
    counts = [
        stat(
            title,
            f"Gates whose last verdict is '{word}'. {LAST_GATE}",
            now("sum(" + series("ci_gate_verdict", f'verdict="{word}"') + ")"),
            unit="none",
            thresholds=thresholds,
        )
        for word, title, thresholds in words
    ]
    seen = stat(
        "Gates seen",
        "How many verdicts were reached within the time range. A lower bound: of several between two scrapes "
        "only the last is seen.",
        now(f"sum(changes({series(COMPLETION)}[$__range]) and on ({STEP}) {series('ci_gate_probes')})"),
        unit="none",
    )
    last = stat(
        "Since the last gate",
        "How long ago a gate last reached a verdict.",
        now(f"time() - max({series(COMPLETION)} and on ({STEP}) {series('ci_gate_probes')})"),
        unit="s",
    )
    return [*counts, seen, last]


def _last_verdicts() -> Json:
    verdict = f"* on ({STEP}) group_left (verdict) ({VERDICT} == 1)"
    return table(
        "Last verdict of each gate",
        "The verdict, when it was reached from the start of the watch, how many requests it rests on, and the run.",
        [
            (now(f"{series(COMPLETION)} * 1000 {verdict}"), column("Finished", unit="dateTimeFromNow")),
            (now(f"{series('ci_gate_decided_seconds')} {verdict}"), column("Decided after", unit="s")),
            (now(f"{series('ci_gate_probes')} {verdict}"), column("Requests")),
            (now(f"{series('ci_step_run_id')} {verdict}"), column("Run", link=RUN_LINK)),
        ],
        labels={"verdict": column("Verdict", words=VERDICTS)},
    )


def _failed_rules() -> Json:
    return table(
        "Rules that failed",
        "The rules that failed in the last gate of each step.",
        [
            (
                now(f"{series('ci_gate_rule_failed')} * on ({STEP}) group_left () {series(COMPLETION)} * 1000 > 0"),
                column("Failed", unit="dateTimeFromNow"),
            )
        ],
    )


def _verdicts() -> Json:
    fail, unsure = series("ci_gate_verdict", 'verdict="fail"'), series("ci_gate_verdict", 'verdict="inconclusive"')
    return states(
        "Verdict over time",
        f"The last verdict of each gate. {LAST_GATE} So the length of a band is not a number of deploys.",
        over_time(f"sum by ({STEP}) (2 * {fail} or {unsure})", STEP_LEGEND),
        {0: VERDICTS["pass"], 1: VERDICTS["inconclusive"], 2: VERDICTS["fail"]},
    )


def _last_deploys() -> Json:
    verdict = f"* on ({STEP}) group_left (verdict) ({VERDICT} == 1)"
    return table(
        "Last 10 gates",
        "The last gates, the newest first. Of several gates of one step between two scrapes only the last one is seen.",
        [
            (
                over_time(once_a_run(f"({series(COMPLETION)} * 1000 {verdict})")),
                column("Finished", unit="dateTimeAsIso"),
            ),
            (
                over_time(once_a_run(f"({series('ci_step_duration_seconds')} {verdict})")),
                column("Duration", unit="s"),
            ),
            (over_time(once_a_run(f"({series('ci_step_run_id')} {verdict})")), column("Run", link=RUN_LINK)),
        ],
        labels={"verdict": column("Verdict", words=VERDICTS)},
        limit=10,
    )


def _p95() -> Json:
    latency = series(LATENCY, 'percentile="p95"')
    return trend(
        "95th percentile of latency",
        f"Of the gate's own requests: in the baseline before the deploy, and in the watch after it. {LAST_GATE}",
        [over_time(f"last_over_time({latency}[$__rate_interval])", f"{{{{window}}}} · {STEP_LEGEND}")],
        unit="s",
    )


def _slower() -> Json:
    def of(window: str) -> str:
        return series(LATENCY, f'window="{window}"')

    return trend(
        "Latency against the baseline",
        "Latency of the watch divided by that of the baseline, for the median and the 95th percentile: 100 % is "
        "no change.",
        [over_time(f"{of('watch')} / ignoring (window) {of('baseline')}", f"{{{{percentile}}}} · {STEP_LEGEND}")],
        unit="percentunit",
    )


def _errors() -> Json:
    return trend(
        "Share of failed requests",
        f"Of the gate's own requests, in the baseline and in the watch. {LAST_GATE}",
        [
            over_time(
                f"last_over_time({series('ci_gate_error_ratio')}[$__rate_interval])",
                f"{{{{window}}}} · {STEP_LEGEND}",
            )
        ],
        unit="percentunit",
    )


def _rules_over_time() -> Json:
    return trend(
        "Failed rules over time",
        "In how many gates each rule failed, by the last gate of each step.",
        [over_time(f"sum by (rule) ({series('ci_gate_rule_failed')})", "{{rule}}")],
        unit="none",
        stacked=True,
    )


def _decided() -> Json:
    return trend(
        "Time to the verdict",
        "From the start of the watch until the verdict was reached.",
        [over_time(f"last_over_time({series('ci_gate_decided_seconds')}[$__rate_interval])", STEP_LEGEND)],
        unit="s",
    )


def _probes() -> Json:
    return trend(
        "Requests behind the verdict",
        "How many requests the watch of the last gate rests on. Few requests can show only large changes.",
        [over_time(f"last_over_time({series('ci_gate_probes')}[$__rate_interval])", STEP_LEGEND)],
        unit="none",
    )


def _builds() -> Json:
    # The metric has the real branch; the gateway's group has the folded one and overwrites it.
    finished = f"* on ({STEP}) group_left () {series(COMPLETION)} * 1000"
    return table(
        "Versions",
        "What the last run of each step was built from. Needs run_info: true in .ci-reporter.yml, because each "
        "revision is a new series.",
        [(now(f"{series('ci_build_info')} {finished}"), column("Finished", unit="dateTimeFromNow"))],
    )
