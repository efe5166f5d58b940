"""The dashboard about runs: what fails, the last runs, trends, slow steps, flaky tests."""

from __future__ import annotations

from grafana import (
    GREEN_THEN_RED,
    RED_THEN_GREEN,
    Json,
    bars,
    column,
    dashboard,
    now,
    over_time,
    row,
    stat,
    states,
    table,
    trend,
)
from promql import (
    COMPLETION,
    RUN_LINK,
    RUNS,
    STEP,
    STEP_LEGEND,
    WHAT_A_STEP_IS,
    average_duration,
    by_step,
    link_variables,
    once_a_run,
    quantile,
    runs_seen,
    series,
    step_variables,
)

SUCCESS = series("ci_step_success")
DURATION = series("ci_step_duration_seconds")
FLAKY = series("ci_tests", 'outcome="flaky"')
LAST_SUCCESS = "ci_step_last_success_timestamp_seconds"
BRANCH = "repository, pipeline, branch"
RESULTS = {
    "success": ("success", "green"),
    "failure": ("failure", "red"),
    "error": ("error", "red"),
    "timeout": ("timeout", "orange"),
    "cancellation": ("cancellation", "yellow"),
    "skip": ("skip", "text"),
}
LAST_RUN = "A pushed gauge holds the value of the last run until the next one."
QUANTILES = {0.5: "median", 0.95: "95th percentile", 0.99: "99th percentile"}
OF_A_HUB = "Only a hub knows every run: choose it as the source."
LOWER_BOUND = "A lower bound: of several runs between two scrapes only the last one is seen."


def runs() -> Json:
    """Health, last runs, trends, slow and flaky steps."""
    return dashboard(
        "ci-reporter-runs",
        "CI runs",
        "What ci-reporter pushed of the steps of CI jobs. Every value is that of the last run, and stays until "
        "the next.",
        [*step_variables(), *link_variables()],
        [
            row("Now", *_counts(), _health(), _failing()),
            row("Runs", _results(), _last_runs()),
            row("Duration", _duration(), _slowest(), _against_the_average()),
            row("Every run, as a hub counts them", _by_result(), _success_ratio(), _quantiles(), _slowest_tenth()),
            row("Coverage and tests", _coverage(), _tests(), _flaky(), _flaky_steps()),
            row("Resources and measures", _memory(), _cores(), _measures()),
        ],
    )


def _counts() -> list[Json]:
    return [
        stat(
            "Failing steps",
            f"Steps whose last run did not succeed. {WHAT_A_STEP_IS}",
            now(f"sum(1 - {SUCCESS})"),
            unit="none",
            thresholds=GREEN_THEN_RED,
        ),
        stat("Steps", f"Steps that the gateway knows. {WHAT_A_STEP_IS}", now(f"count({SUCCESS})"), unit="none"),
        stat(
            "Steps that succeed",
            "Share of the steps whose last run succeeded. This is a share of steps at this moment, not of runs "
            "over time.",
            now(f"avg({SUCCESS})"),
            unit="percentunit",
            thresholds=RED_THEN_GREEN,
        ),
        stat(
            "Runs of steps seen",
            "How often a step finished within the time range, as a hub counted. With a Pushgateway it is how often one "
            f"was seen to finish. {LOWER_BOUND}",
            now(runs_seen()),
            unit="none",
        ),
        stat(
            "Longest without success",
            "The step whose last success is the longest ago. Narrow the branch to your default branch to make "
            "this useful.",
            now(f"max(time() - {series(LAST_SUCCESS)})"),
            unit="s",
        ),
        stat(
            "Flaky tests",
            "Tests that failed and passed within one run, summed over the last run of each step.",
            now(f"sum({FLAKY})"),
            unit="none",
            thresholds=((None, "green"), (1, "yellow")),
        ),
    ]


def _health() -> Json:
    return table(
        "Health by repository, pipeline and branch",
        f"The last run of each step, put together for each branch. {LAST_RUN} 'Duration' is the sum over the steps, "
        "which is longer than the pipeline took where jobs ran side by side.",
        [
            (now(f"sum by ({BRANCH}) (1 - {SUCCESS})"), column("Failing steps", words={0: ("0", "green")})),
            (now(f"count by ({BRANCH}) ({SUCCESS})"), column("Steps")),
            (now(f"sum by ({BRANCH}) ({DURATION})"), column("Duration", unit="s")),
            (now(f"max by ({BRANCH}) ({series(COMPLETION)}) * 1000"), column("Last run", unit="dateTimeFromNow")),
            (
                now(f"min by ({BRANCH}) ({series(LAST_SUCCESS)}) * 1000"),
                column("Oldest success", unit="dateTimeFromNow"),
            ),
        ],
    )


def _failing() -> Json:
    failing = f"and on ({STEP}) {SUCCESS} == 0"
    result = f"* on ({STEP}) group_left (result) ({series('ci_step_result')} == 1)"
    return table(
        "Steps that fail",
        "Steps whose last run did not succeed, with that run. A step without a numeric run id has no link.",
        [
            (
                now(f"{by_step(COMPLETION)} * 1000 {result} {failing}"),
                column("Finished", unit="dateTimeFromNow"),
            ),
            (now(f"{by_step('ci_step_exit_code')} {result} {failing}"), column("Exit code")),
            (now(f"{by_step(LAST_SUCCESS)} * 1000 {result} {failing}"), column("Last success", unit="dateTimeFromNow")),
            (now(f"{by_step('ci_step_run_id')} {result} {failing}"), column("Run", link=RUN_LINK)),
        ],
        labels={"result": column("Result", words=RESULTS)},
    )


def _results() -> Json:
    return states(
        "Success of each step over time",
        f"Whether the last run succeeded. {LAST_RUN} So the length of a band says how long a state lasted, not "
        "how many runs there were.",
        over_time(SUCCESS, STEP_LEGEND),
        {0: ("not a success", "red"), 1: ("success", "green")},
    )


def _last_runs() -> Json:
    result = f"* on ({STEP}) group_left (result) ({series('ci_step_result')} == 1)"
    return table(
        "Last 10 runs",
        f"The last runs of the chosen steps, the newest first. {LOWER_BOUND} Choose a short time range to tell "
        "apart runs that follow closely.",
        [
            (
                over_time(once_a_run(f"({series(COMPLETION)} * 1000 {result})")),
                column("Finished", unit="dateTimeAsIso"),
            ),
            (over_time(once_a_run(f"({DURATION} {result})")), column("Duration", unit="s")),
            (over_time(once_a_run(f"({series('ci_step_run_id')} {result})")), column("Run", link=RUN_LINK)),
        ],
        labels={"result": column("Result", words=RESULTS)},
        limit=10,
    )


def _duration() -> Json:
    return trend(
        "Duration of the last run",
        f"How long the last run of each step took, all attempts together. {LAST_RUN}",
        [over_time(f"last_over_time({DURATION}[$__rate_interval])", STEP_LEGEND)],
        unit="s",
    )


def _slowest() -> Json:
    return bars(
        "Slowest steps",
        "The ten steps whose last run took longest.",
        now(f"sort_desc(topk(10, last_over_time({DURATION}[$__range])))", STEP_LEGEND),
        unit="s",
    )


def _against_the_average() -> Json:
    average = average_duration()
    return table(
        "Duration against the average run",
        "The last run beside the average of the runs seen in the time range, in which each run counts once. "
        "An avg_over_time would weigh each run by how long the gateway showed it.",
        [
            (now(f"{DURATION} / {average}"), column("Last / average", unit="percentunit")),
            (now(by_step("ci_step_duration_seconds")), column("Last run", unit="s")),
            (now(average), column("Average run", unit="s")),
            (now(f"changes({series(COMPLETION)}[$__range])"), column("Runs seen")),
        ],
    )


def _by_result() -> Json:
    return trend(
        "Runs by result",
        f"How many runs of the chosen steps ended in each interval, by result. {OF_A_HUB}",
        [over_time(f"sum by (result) (increase({series(RUNS)}[$__rate_interval]))", "{{result}}")],
        unit="none",
        stacked=True,
    )


def _success_ratio() -> Json:
    succeeded = series(RUNS, 'result="success"')
    asked = series(RUNS, 'result!~"cancellation|skip"')
    of = "by (repository, pipeline) "
    return trend(
        "Share of runs that succeed",
        "Runs that succeeded among those that were neither cancelled nor skipped, over as much time before each moment "
        f"as is shown. {OF_A_HUB}",
        [
            over_time(
                f"sum {of}(increase({succeeded}[$__range])) / (sum {of}(increase({asked}[$__range])) > 0)",
                "{{repository}} · {{pipeline}}",
            )
        ],
        unit="percentunit",
    )


def _quantiles() -> Json:
    return trend(
        "Duration of all runs",
        f"The median, the 95th and the 99th percentile over the runs of the chosen steps. {OF_A_HUB}",
        [over_time(quantile(ratio), name) for ratio, name in QUANTILES.items()],
        unit="s",
    )


def _slowest_tenth() -> Json:
    return bars(
        "Slowest tenth of the runs",
        f"The ten steps whose slowest tenth of the runs takes longest, and how long at least. {OF_A_HUB}",
        now(f"sort_desc(topk(10, {quantile(0.9, STEP)}))", STEP_LEGEND),
        unit="s",
    )


def _coverage() -> Json:
    return trend(
        "Coverage",
        f"Covered share of the code. {LAST_RUN} A run without a coverage report leaves the value of the run before.",
        [over_time(f"last_over_time({series('ci_coverage_ratio')}[$__rate_interval])", f"{STEP_LEGEND} {{{{unit}}}}")],
        unit="percentunit",
    )


def _tests() -> Json:
    outcomes = series("ci_tests", 'outcome!="flaky"')
    return trend(
        "Tests by outcome",
        "Tests in the last run of each step, summed over the chosen steps. Flaky tests are among the passed ones.",
        [over_time(f"sum by (outcome) (last_over_time({outcomes}[$__rate_interval]))", "{{outcome}}")],
        unit="none",
        stacked=True,
    )


def _flaky() -> Json:
    return trend(
        "Flaky tests over time",
        "Tests that failed and passed within the last run of each step.",
        [over_time(f"last_over_time({FLAKY}[$__rate_interval])", STEP_LEGEND)],
        unit="none",
    )


def _flaky_steps() -> Json:
    return table(
        "Steps with flaky tests or retries",
        "The most flaky tests and the most attempts that any run seen in the time range had. Names of tests are "
        "in the records, not in metrics.",
        [
            (now(f"max_over_time({FLAKY}[$__range]) > 0"), column("Flaky tests, at most")),
            (now(f"max_over_time({series('ci_step_attempts')}[$__range]) > 1"), column("Attempts, at most")),
        ],
        wide=12,
    )


def _memory() -> Json:
    return trend(
        "Memory of the largest process",
        f"The largest memory of any one process of the step's last run. {LAST_RUN}",
        [over_time(f"last_over_time({series('ci_step_max_rss_bytes')}[$__rate_interval])", STEP_LEGEND)],
        unit="bytes",
    )


def _cores() -> Json:
    return trend(
        "Cores used",
        "CPU time of the last run, user and system, divided by its duration. 2 means that two cores were busy "
        "all the time.",
        [
            over_time(
                f"sum by ({STEP}) ({series('ci_step_cpu_seconds')}) / sum by ({STEP}) ({DURATION} > 0)", STEP_LEGEND
            )
        ],
        unit="none",
    )


def _measures() -> Json:
    return trend(
        "Numbers that steps reported",
        f"What steps reported with --measure or a measures file, each in its own unit. {LAST_RUN}",
        [over_time(f"last_over_time({series('ci_measure')}[$__rate_interval])", f"{{{{name}}}} · {STEP_LEGEND}")],
        unit="short",
    )
