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


class Prometheus(Server, group="prometheus"):
    """The Prometheus that scrapes the Pushgateway, and that counts for the gate."""

    url: str | None = setting(
        None,
        values.url,
        "URL",
        "The Prometheus that `doctor` asks, and that counts for the gate's PromQL signals.",
        main=True,
    )


class Config(Settings):
    """The settings in force, checked. Durations in seconds, sizes in bytes.

    `sinks` has the settings of each sink that is switched on, by its name. `unrecognised` are variables that look like
    settings and are none.
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
        "Keep the last BYTES of the output, at most 1M, in the record. The command then writes to pipes, no terminal.",
        key="tail",
    )
    wrap_logs: bool = option(
        False,
        values.flag,
        "",
        "Pass the command's output on as JSON lines that name the run. The command then writes to pipes, no terminal.",
    )
    tags: Mapping[str, str] = option(
        EMPTY,
        values.pair,
        "K=V",
        "A word to find the record by; may be given again.",
        key="tag",
        own_variable="CI_REPORTER_TAGS",
        many=True,
        pairs=True,
    )
    measures: Mapping[str, float] = option(
        EMPTY,
        values.measure,
        "K=NUMBER",
        "A number to record and push; may be given again. The command may write more to $CI_REPORTER_MEASURES.",
        key="measure",
        own_variable="CI_REPORTER_MEASURE",
        many=True,
        pairs=True,
    )
    environment: str | None = option(None, values.text, "NAME", "What the step deploys to, such as production.")
    json: bool = option(
        False, values.flag, "", "Print the record as one JSON line on stdout, after the command's own output."
    )
    quiet: bool = option(False, values.flag, "", "Say nothing unless something went wrong.")
    strict: bool = option(
        False, values.flag, "", "Exit 70 when the command succeeded and its record was not delivered."
    )
    record_command: bool = option(
        False, values.flag, "", "Record the whole command line; without this only its first word."
    )
    openmetrics: str | None = option(
        None,
        values.text,
        "FILE",
        "Write the metrics of this job's steps to FILE too, as OpenMetrics.",
    )
    dry_run: bool = option(
        False, values.flag, "", "Run and record, but send nothing: print exactly what would be sent."
    )
    coverage: tuple[str, ...] = option(
        (),
        values.text,
        "GLOB...",
        "Read coverage from these report files, whatever the command's result; ** is any depth.",
        many=True,
    )
    tests: tuple[str, ...] = option((), values.text, "GLOB...", "Read test results from these report files.", many=True)
    coverage_format: str | None = option(
        None, values.text, "NAME", "Format of the coverage files. Default: told from their content."
    )
    tests_format: str | None = option(
        None, values.text, "NAME", "Format of the test result files. Default: told from their content."
    )
    coverage_min_pct: float | None = option(
        None, values.percent, "PCT", "Exit 1 when coverage is below PCT, or unknown.", key="coverage_min"
    )
    coverage_drop_points: float | None = option(
        None,
        values.percent,
        "POINTS",
        "Exit 1 when coverage is more than POINTS below what the default branch last had.",
        key="coverage_drop",
    )
    coverage_baseline: str | None = option(
        None,
        values.text,
        "FILE",
        "Records (steps.ndjson) to compare coverage with. Default: what the Pushgateway has.",
    )
    require_baseline: bool = option(False, values.flag, "", "Exit 1 when there is nothing to compare coverage with.")
    tests_min: int | None = option(None, values.count, "N", "Exit 1 when fewer than N tests ran, or nobody knows.")
    strict_reports: bool = option(False, values.flag, "", "Exit 1 when a report file could not be read.")
    budget_s: float = setting(
        5.0, values.duration_s, "TIME", "Time for everything sent after the command, in total.", key="budget"
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
        "Branches that keep their name in labels, beside the default branch; patterns with * and ?.",
        many=True,
    )
    ci_summary: bool = setting(
        True,
        values.flag,
        "BOOL",
        "On GitHub: annotate failed tests and add the step to the job's summary. Default: true.",
    )
    prometheus: Prometheus = Prometheus()
    sinks: Mapping[str, Any] = EMPTY
    unrecognised: tuple[str, ...] = ()

    def secrets(self) -> frozenset[str]:
        """The values of all secrets, those of sinks and servers included."""
        return super().secrets().union(*(each.secrets() for each in (self.prometheus, *self.sinks.values())))
