"""The dashboard about ci-reporter itself: what was not delivered, what it costs, and how the Pushgateway is."""

from __future__ import annotations

from grafana import (
    GREEN_THEN_RED,
    RED_THEN_GREEN,
    Json,
    column,
    dashboard,
    label_variable,
    now,
    over_time,
    row,
    stat,
    table,
    trend,
)
from promql import STEP, STEP_LEGEND, series, step_variables

OVERHEAD = series("ci_reporter_overhead_seconds")
PUSHED = series("push_time_seconds")
REFUSED = series("push_failure_time_seconds")
AGE = f"time() - ({PUSHED} != 0)"  # 0 is a group whose every push was refused
WAITING = series("ci_reporter_push_failures")
GATEWAY = 'job=~"$gateway"'
HUB = 'job="ci_reporter"'  # a hub's own metrics, whatever the source of the steps
OLD = "30 * 86400"  # as in the alert and in the documented `ci-reporter gc --older-than 30d`


def reporter() -> Json:
    """Delivery, the Pushgateway, overhead."""
    gateway = label_variable("gateway", "Scrape job", "label_values(pushgateway_build_info, job)")
    return dashboard(
        "ci-reporter-reporter",
        "ci-reporter itself",
        "Whether reports arrive, how the Pushgateway is, and how much time ci-reporter takes.",
        [*step_variables(), gateway],
        [
            row("Now", *_counts()),
            row("Delivery", _waiting(), _refused(), _quiet(), _waiting_over_time()),
            row("Pushgateway", _requests(), _push_seconds(), _series(), _stale()),
            row("Overhead", _overhead(), _share()),
            row("Hub", _received(), _turned_away(), _commits(), _queued()),
        ],
    )


def _counts() -> list[Json]:
    return [
        stat(
            "Pushgateway",
            "Share of the scraped Pushgateways that answer.",
            now(f"avg(up{{{GATEWAY}}})"),
            unit="percentunit",
            thresholds=RED_THEN_GREEN,
        ),
        stat(
            "Reports that wait",
            "Reports that a sink had not taken when the step pushed, summed over the steps. `ci-reporter flush` "
            "sends them.",
            now(f"sum({WAITING})"),
            unit="none",
            thresholds=GREEN_THEN_RED,
        ),
        stat(
            "Refused groups",
            "Groups whose last push the gateway refused, such as one whose metric has another type elsewhere.",
            now(f"count({REFUSED} > {PUSHED}) or vector(0)"),
            unit="none",
            thresholds=GREEN_THEN_RED,
        ),
        stat("Groups", "Groups of ci-reporter in the gateway: one a step.", now(f"count({PUSHED})"), unit="none"),
        stat(
            "Stale groups",
            "Groups that nobody has pushed to for 30 days. The gateway keeps them until `ci-reporter gc "
            "--older-than 30d`.",
            now(f"count({AGE} > {OLD}) or vector(0)"),
            unit="none",
            thresholds=((None, "green"), (1, "yellow")),
        ),
        stat("Since the last push", "How long ago any step last pushed.", now(f"time() - max({PUSHED})"), unit="s"),
    ]


def _waiting() -> Json:
    return table(
        "Reports that wait, by step",
        "Reports in the state folder of the job that a sink had not taken when the step pushed.",
        [(now(f"{WAITING} > 0"), column("Reports"))],
        wide=12,
    )


def _refused() -> Json:
    return table(
        "Groups whose last push was refused",
        "The gateway answered 400. The job's log has its words; `ci-reporter doctor` finds a conflict of types.",
        [(now(f"({REFUSED} > {PUSHED}) * 1000"), column("Refused", unit="dateTimeFromNow"))],
        wide=12,
    )


def _quiet() -> Json:
    return trend(
        "Time since the last push",
        "By repository. A rising line is a repository whose CI does not run, or does not reach the gateway.",
        [over_time(f"time() - max by (repository) ({PUSHED})", "{{repository}}")],
        unit="s",
    )


def _waiting_over_time() -> Json:
    return trend(
        "Reports that wait over time",
        "By repository, as the last run of each step told.",
        [over_time(f"sum by (repository) (last_over_time({WAITING}[$__rate_interval]))", "{{repository}}")],
        unit="none",
        stacked=True,
    )


def _requests() -> Json:
    requests = f'pushgateway_http_requests_total{{{GATEWAY}, handler="push"}}'
    return trend(
        "Pushes by status",
        "All pushes that the gateway answered, not only those of ci-reporter. 400 is a push that it refused.",
        [over_time(f"sum by (code) (rate({requests}[$__rate_interval]))", "{{code}}")],
        unit="reqps",
        stacked=True,
    )


def _push_seconds() -> Json:
    total = f"rate(pushgateway_http_push_duration_seconds_sum{{{GATEWAY}}}[$__rate_interval])"
    count = f"rate(pushgateway_http_push_duration_seconds_count{{{GATEWAY}}}[$__rate_interval])"
    return trend(
        "Mean time to take a push",
        "Measured in the gateway. It grows with the number of groups, because each push is checked against all "
        "of them.",
        [over_time(f"sum by (method) ({total}) / sum by (method) ({count})", "{{method}}")],
        unit="s",
    )


def _series() -> Json:
    return trend(
        "Series by repository",
        "Series that ci-reporter's groups have. They are bounded, unless run_info is on: then each run or "
        "revision adds some.",
        [over_time("count by (repository) (" + series("", '__name__=~"ci_.+"') + ")", "{{repository}}")],
        unit="none",
        stacked=True,
    )


def _stale() -> Json:
    return table(
        "Groups by age",
        "The ten groups whose last push is the longest ago: steps that were renamed or removed. `ci-reporter gc` "
        "deletes them.",
        [(now(f"topk(10, {AGE})"), column("Last push", unit="s"))],
        wide=12,
    )


def _overhead() -> Json:
    return trend(
        "Overhead of the last run",
        "Time ci-reporter itself took before the command and after it, until the push: the median, the 95th "
        "percentile and the largest over the steps.",
        [
            over_time(f"quantile(0.5, {OVERHEAD})", "median"),
            over_time(f"quantile(0.95, {OVERHEAD})", "95th percentile"),
            over_time(f"max({OVERHEAD})", "largest"),
        ],
        unit="s",
    )


def _share() -> Json:
    duration = series("ci_step_duration_seconds")
    return trend(
        "Overhead as a share of the step",
        "Overhead of the last run divided by the step's duration.",
        [over_time(f"{OVERHEAD} / on ({STEP}) ({duration} > 0)", STEP_LEGEND)],
        unit="percentunit",
    )


def _received() -> Json:
    return trend(
        "Reports received",
        "Reports that the hub acknowledged: new ones, and those that it had already.",
        [over_time(f"sum by (outcome) (rate(ci_hub_reports_total{{{HUB}}}[$__rate_interval]))", "{{outcome}}")],
        unit="reqps",
        stacked=True,
    )


def _turned_away() -> Json:
    return trend(
        "Requests that the hub refused",
        "By status: 401 has a wrong signature, 400 is not a report, 429 and 503 come again.",
        [over_time(f"sum by (code) (rate(ci_hub_refused_total{{{HUB}}}[$__rate_interval]))", "{{code}}")],
        unit="reqps",
        stacked=True,
    )


def _commits() -> Json:
    rate = f"sum by (le) (rate(ci_hub_commit_seconds_bucket{{{HUB}}}[$__rate_interval]))"
    return trend(
        "Time of a transaction",
        "How long the hub's database took to keep what had come in: the median and the 99th percentile.",
        [
            over_time(f"histogram_quantile(0.5, {rate})", "median"),
            over_time(f"histogram_quantile(0.99, {rate})", "99th percentile"),
        ],
        unit="s",
    )


def _queued() -> Json:
    return trend(
        "Reports that wait in the hub",
        "To be written, and, with --forward-pushgateway, to be handed on to the Pushgateway.",
        [
            over_time(f"sum(ci_hub_queue_depth{{{HUB}}})", "to be written"),
            over_time(f"max(ci_hub_forward_waiting{{{HUB}}})", "to be handed on"),
        ],
        unit="none",
    )
