"""PromQL that the dashboards share: the series that the variables choose, and what tells one run from the next."""

from __future__ import annotations

from grafana import Json, choice_variable, label_variable, text_variable

STEP = "repository, pipeline, ci_job, step, branch"  # together they name a step: the Pushgateway's grouping key
# A Pushgateway's series have no instance, and those that Prometheus scrapes from a hub have one.
SOURCES = {"Pushgateway": "()", "Hub": ".+"}
_SOURCE = 'job="ci_reporter", instance=~"$source"'
_CHOSEN = ", ".join(f'{label}=~"${label}"' for label in STEP.split(", "))
COMPLETION = "ci_step_last_completion_timestamp_seconds"

STEP_LEGEND = "{{repository}} · {{ci_job}} · {{step}} ({{branch}})"
WHAT_A_STEP_IS = "A step is one combination of repository, pipeline, CI job, step and branch."


def step_variables() -> list[Json]:
    """Where the series are from; repository, pipeline, CI job, step and branch, each narrowed by those before it."""
    names = {"repository": "Repository", "pipeline": "Pipeline", "ci_job": "CI job", "step": "Step", "branch": "Branch"}
    about = (
        "What Prometheus scrapes the steps from. A hub also counts runs; a Pushgateway has the last one of each step."
    )
    found, matchers = [choice_variable("source", "Source", SOURCES, about)], _SOURCE
    for name, label in names.items():
        found.append(label_variable(name, label, f"label_values(ci_step_success{{{matchers}}}, {name})"))
        matchers += f', {name}=~"${name}"'
    return found


def link_variables() -> list[Json]:
    """Where the CI system is, and how it addresses a run by its number."""
    paths = {"GitHub Actions": "/actions/runs/", "GitLab CI": "/-/pipelines/"}
    return [
        text_variable("server", "CI server", "https://github.com", "The address that links to runs begin with."),
        choice_variable(
            "run_path", "CI system", paths, "What stands between repository and run id in a link to a run."
        ),
    ]


RUN_LINK = {
    "title": "Open the run",
    "url": "${server:raw}/${__data.fields.repository}${run_path:raw}${__value.numeric}",
    "targetBlank": True,
}


def series(metric: str, *matchers: str) -> str:
    """The metric's series that the variables choose, and that match `matchers` such as `outcome="flaky"`."""
    return metric + "{" + ", ".join((_SOURCE, _CHOSEN, *matchers)) + "}"


def by_step(metric: str) -> str:
    """The chosen series, one a step, with the step's labels alone.

    Grafana's `merge` joins the answers of a table's queries on all labels, the metric's name among them.
    """
    return f"max by ({STEP}) ({series(metric)})"


def once_a_run(expr: str) -> str:
    """The values of `expr` at the moments where a run was first seen: one point for each run that was scraped.

    Then the completion time is another one than an interval before, or there was none before. Two runs within one
    interval, or between two scrapes, are one point.
    """
    completion = series(COMPLETION)
    before = f"{completion} offset $__interval"
    return f"{expr} and on ({STEP}) ({completion} != {before} or {completion} unless {before})"


RUNS = "ci_step_runs_total"  # these two only a hub has
DURATIONS = "ci_step_run_duration_seconds"


def runs_seen() -> str:
    """How many runs there were in the time range: counted by a hub, else seen by Prometheus."""
    return f"sum(increase({series(RUNS)}[$__range])) or sum(changes({series(COMPLETION)}[$__range]))"


def average_duration() -> str:
    """The average duration of a run in the time range, one series a step: a hub's histogram knows each run."""
    total, count = (f"increase({series(f'{DURATIONS}_{part}')}[$__range])" for part in ("sum", "count"))
    return f"({total} / ({count} > 0) or {average_run('ci_step_duration_seconds')})"


def quantile(ratio: float, labels: str = "") -> str:
    """The duration that this share of the runs in the time range did not exceed; a hub's histogram tells."""
    by = f"le, {labels}" if labels else "le"
    buckets = series(f"{DURATIONS}_bucket")
    return f"histogram_quantile({ratio}, sum by ({by}) (increase({buckets}[$__range])))"


def average_run(metric: str) -> str:
    """The average over the runs that were scraped in the time range.

    `avg_over_time(metric[1d])` would weigh each run by how long the gateway showed it. The subquery looks once a minute
    and keeps the value only where the completion time has changed since the look before, so each run counts once.
    """
    completion = series(COMPLETION)
    return f"avg_over_time(({series(metric)} and on ({STEP}) {completion} != {completion} offset 1m)[$__range:1m])"
