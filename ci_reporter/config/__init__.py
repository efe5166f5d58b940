"""The settings that every step has, in one frozen `Config`; sinks declare theirs beside their code.

`load` fills it. How a setting is declared, and what follows from that: `config.setting`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config import values
from ci_reporter.config.server import Server
from ci_reporter.config.setting import Settings, option, setting
from ci_reporter.frozen import EMPTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PrometheusSettings(Server, group="prometheus"):
    """The Prometheus that scrapes the Pushgateway and answers the gate's PromQL signals."""

    url: str | None = setting(
        None,
        values.url,
        "URL",
        "The Prometheus that answers the gate's PromQL signals, and that `doctor` checks.",
        main=True,
    )


class Config(Settings):
    """The settings in force, checked. Durations in seconds, sizes in bytes.

    `sinks` and `notifiers` have the settings of each that is switched on, by its name. `alerts` and `actions` are the
    nodes of the configuration file that have the alert rules, and what these may run. `unrecognised` are variables that
    look like settings and are not, `doubts` sentences about settings that may be a mistake.
    """

    config: str | None = option(
        None,
        values.readable,
        "FILE",
        "The configuration file. Default: .ci-reporter.yml in the working directory, else at the repository's root.",
    )
    name: str | None = option(None, values.text, "NAME", "Name of the step. Default: the CI job's name.")
    timeout_s: float | None = option(
        None,
        values.duration_s,
        "TIME",
        "End the command after this long: TERM to all it started, KILL after --grace. Exit code 124.",
        key="timeout",
    )
    grace_s: float = option(10.0, values.duration_s, "TIME", "Time between TERM and KILL. Default: 10s.", key="grace")
    retries: int = option(0, values.count, "N", "Run a command that failed or timed out again, at most N times.")
    outlive_parent: bool = option(
        False,
        values.flag,
        "",
        "Let the command go on when the process that started ci-reporter ends, as a server in the background must. "
        "Without this it is ended then.",
    )
    shell: bool = option(False, values.flag, "", "Give the command, as one text, to `sh -c`.")
    tail_bytes: int = option(
        0,
        values.tail_bytes,
        "BYTES",
        "Keep the last BYTES of the output, at most 1M, in the record. The command then writes to pipes.",
        key="tail",
    )
    wrap_logs: bool = option(
        False,
        values.flag,
        "",
        "Pass the command's output on as JSON lines that name the run. The command then writes to pipes.",
    )
    tags: Mapping[str, str] = option(
        EMPTY,
        values.pair,
        "K=V",
        "A label of the record, to find it by. Repeat the option for more.",
        key="tag",
        own_variable="CI_REPORTER_TAGS",
        many=True,
        pairs=True,
    )
    measures: Mapping[str, float] = option(
        EMPTY,
        values.measure,
        "K=NUMBER",
        "A number to record and push. Repeat the option for more; the command can write more to $CI_REPORTER_MEASURES.",
        key="measure",
        own_variable="CI_REPORTER_MEASURE",
        many=True,
        pairs=True,
    )
    environment: str | None = option(None, values.text, "NAME", "What the step deploys to, such as production.")
    json: bool = option(
        False, values.flag, "", "Print the record as one JSON line on stdout, after the command's own output."
    )
    quiet: bool = option(False, values.flag, "", "Print nothing unless something goes wrong.")
    strict: bool = option(
        False, values.flag, "", "Exit 70 when the command succeeded and its record was not delivered."
    )
    record_command: bool = option(False, values.flag, "", "Record the whole command line, not only its first word.")
    openmetrics: str | None = option(
        None,
        values.text,
        "FILE",
        "Also write the metrics of this job's steps to FILE, as OpenMetrics.",
    )
    dry_run: bool = option(False, values.flag, "", "Run and record, send nothing, and print what would be sent.")
    coverage: tuple[str, ...] = option(
        (),
        values.text,
        "GLOB...",
        "Read coverage from these report files, whether the command succeeds or fails; ** matches any depth.",
        many=True,
    )
    tests: tuple[str, ...] = option((), values.text, "GLOB...", "Read test results from these report files.", many=True)
    coverage_format: str | None = option(
        None, values.text, "NAME", "Format of the coverage files. Default: detected from their content."
    )
    tests_format: str | None = option(
        None, values.text, "NAME", "Format of the test result files. Default: detected from their content."
    )
    coverage_min_pct: float | None = option(
        None, values.percent, "PCT", "Exit 1 when coverage is below PCT or unknown.", key="coverage_min"
    )
    coverage_drop_points: float | None = option(
        None,
        values.percent,
        "POINTS",
        "Exit 1 when coverage is more than POINTS below that of the default branch.",
        key="coverage_drop",
    )
    coverage_baseline: str | None = option(
        None,
        values.text,
        "FILE",
        "Records (steps.ndjson) to compare coverage with. Default: what the Pushgateway shows.",
    )
    require_baseline: bool = option(False, values.flag, "", "Exit 1 when there is no coverage to compare with.")
    tests_min: int | None = option(
        None, values.count, "N", "Exit 1 when fewer than N tests ran, or when the number is unknown."
    )
    strict_reports: bool = option(False, values.flag, "", "Exit 1 when a report file could not be read.")
    budget_s: float = setting(
        5.0, values.duration_s, "TIME", "Time for everything that is sent after the command, in total.", key="budget"
    )
    dir: str | None = setting(
        None,
        values.text,
        "FOLDER",
        "The state folder. Default: .ci-reporter at the repository's root, else in the working directory.",
    )
    branches: tuple[str, ...] = setting(
        ("main", "master", "release/*"),
        values.text,
        "PATTERN",
        "Branches whose names are labels, beside the default branch: patterns with * and ?.",
        many=True,
    )
    ci_summary: str = setting(
        "step",
        values.ci_summary,
        "step|job|none",
        "What the CI system shows. step: on GitHub annotations of failed tests, and the step in the job's summary; on"
        " GitLab a section of the log. job: all but the summary, which `ci-reporter summary --markdown` writes at the"
        " job's end. none: nothing. Default: step.",
    )
    notify_on: str | None = option(
        None,
        values.OneOf("failure", "change", "recovery", "always"),
        "WHEN",
        "Tell the channels when the step fails, when its result changes, when it is green again, or always.",
    )
    notify_to: tuple[str, ...] = option(
        (), values.text, "CHANNEL", "The channels to tell. Default: all that are set up.", many=True
    )
    notify_language: str = setting(
        "en", values.OneOf("en", "zh"), "LANGUAGE", "The language of our own words in messages: en or zh. Default: en."
    )
    notify_state: str | None = setting(
        None,
        values.text,
        "FILE",
        "Where alerts remember what was said, for the CI's cache to keep. Default: alerts.json in the state folder.",
    )
    prometheus: PrometheusSettings = PrometheusSettings()
    sinks: Mapping[str, Any] = EMPTY
    notifiers: Mapping[str, Any] = EMPTY
    alerts: Any = None
    actions: Any = None
    unrecognised: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def secrets(self) -> frozenset[str]:
        """The values of all secrets, those of sinks and servers included."""
        return (
            super()
            .secrets()
            .union(*(each.secrets() for each in (self.prometheus, *self.sinks.values(), *self.notifiers.values())))
        )
