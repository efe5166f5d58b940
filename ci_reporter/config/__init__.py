"""Every setting there is, in one frozen `Config`: its key, its kind, its default and what it is for.

A setting `key` is the option `--key`, the variable `CI_REPORTER_KEY` and the key `key` of `.ci-reporter.yml`. Secrets
come from variables only, `CI_REPORTER_KEY` or `CI_REPORTER_KEY_FILE`. Options, help texts and the reference page are
made from this table; `load` fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from ci_reporter.config import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known of one setting. `many` values add up, one an item; `pairs` are `name=value` items."""

    help: str
    parse: Callable[[str], Any]
    metavar: str = ""
    key: str = ""
    variable: str = ""
    field: str = ""
    many: bool = False
    pairs: bool = False
    secret: bool = False
    option: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether it is a yes-or-no setting, an option without a value."""
        return self.parse is values.flag

    @property
    def file_key(self) -> str:
        """Its key in the configuration file: a plural where it holds several."""
        return f"{self.key}s" if self.pairs else self.key


@dataclass(frozen=True, kw_only=True)
class Given:
    """One text somebody wrote for a setting, and where, as a person would look for it."""

    text: str
    where: str


def _setting(default: Any, parse: Callable[[str], Any], help: str, **more: Any) -> Any:  # noqa: A002
    metadata = {"setting": {"help": help, "parse": parse, **more}}
    if isinstance(default, dict | list):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata, repr=not more.get("secret"))


def _option(default: Any, parse: Callable[[str], Any], metavar: str, help: str, **more: Any) -> Any:  # noqa: A002
    return _setting(default, parse, help, metavar=metavar, option=True, **more)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings in force, checked. Durations in seconds, sizes in bytes."""

    config: str | None = _option(
        None,
        values.readable,
        "FILE",
        "The configuration file. Default: .ci-reporter.yml in the working directory, else at the repository's root.",
    )
    name: str | None = _option(None, values.text, "NAME", "Name of the step. Default: the CI job's name.")
    timeout_s: float | None = _option(
        None,
        values.duration_s,
        "TIME",
        "End the command after this long: TERM to all it started, KILL after --grace. Exit code 124.",
        key="timeout",
    )
    grace_s: float = _option(10.0, values.duration_s, "TIME", "Time between TERM and KILL. Default: 10s.", key="grace")
    retries: int = _option(0, values.count, "N", "Run a command that failed or timed out again, at most N times.")
    outlive_parent: bool = _option(
        False,
        values.flag,
        "",
        "Let the command go on when the process that started ci-reporter ends, as a server in the background must. "
        "Without this it is ended then.",
    )
    shell: bool = _option(False, values.flag, "", "Give the command, as one text, to `sh -c`.")
    tail_bytes: int = _option(
        0,
        values.tail_bytes,
        "BYTES",
        "Keep the last BYTES of the output, at most 1M, in the record. The command then writes to pipes, no terminal.",
        key="tail",
    )
    tags: Mapping[str, str] = _option(
        {},
        values.pair,
        "K=V",
        "A word to find the record by; may be given again.",
        key="tag",
        variable="CI_REPORTER_TAGS",
        many=True,
        pairs=True,
    )
    measures: Mapping[str, float] = _option(
        {},
        values.measure,
        "K=NUMBER",
        "A number to record and push; may be given again. The command may write more to $CI_REPORTER_MEASURES.",
        key="measure",
        variable="CI_REPORTER_MEASURE",
        many=True,
        pairs=True,
    )
    environment: str | None = _option(None, values.text, "NAME", "What the step deploys to, such as production.")
    json: bool = _option(
        False, values.flag, "", "Print the record as one JSON line on stdout, after the command's own output."
    )
    quiet: bool = _option(False, values.flag, "", "Say nothing unless something went wrong.")
    strict: bool = _option(
        False, values.flag, "", "Exit 70 when the command succeeded and its record was not delivered."
    )
    record_command: bool = _option(
        False, values.flag, "", "Record the whole command line; without this only its first word."
    )
    pushgateway: str | None = _option(None, values.url, "URL", "Push the metrics to this Prometheus Pushgateway.")
    loki: str | None = _option(None, values.url, "URL", "Push a log line of each step to this Grafana Loki.")
    openmetrics: str | None = _option(
        None,
        values.text,
        "FILE",
        "Write the metrics of this job's steps to FILE too, as OpenMetrics.",
    )
    dry_run: bool = _option(
        False, values.flag, "", "Run and record, but send nothing: print exactly what would be sent."
    )
    coverage: tuple[str, ...] = _option(
        (),
        values.text,
        "GLOB...",
        "Read coverage from these report files, whatever the command's result; ** is any depth.",
        many=True,
    )
    tests: tuple[str, ...] = _option(
        (), values.text, "GLOB...", "Read test results from these report files.", many=True
    )
    coverage_format: str | None = _option(
        None, values.text, "NAME", "Format of the coverage files. Default: told from their content."
    )
    tests_format: str | None = _option(
        None, values.text, "NAME", "Format of the test result files. Default: told from their content."
    )
    coverage_min_pct: float | None = _option(
        None, values.percent, "PCT", "Exit 1 when coverage is below PCT, or unknown.", key="coverage_min"
    )
    coverage_drop_points: float | None = _option(
        None,
        values.percent,
        "POINTS",
        "Exit 1 when coverage is more than POINTS below what the default branch last had.",
        key="coverage_drop",
    )
    coverage_baseline: str | None = _option(
        None,
        values.text,
        "FILE",
        "Records (steps.ndjson) to compare coverage with. Default: what the Pushgateway has.",
    )
    require_baseline: bool = _option(False, values.flag, "", "Exit 1 when there is nothing to compare coverage with.")
    tests_min: int | None = _option(None, values.count, "N", "Exit 1 when fewer than N tests ran, or nobody knows.")
    strict_reports: bool = _option(False, values.flag, "", "Exit 1 when a report file could not be read.")
    budget_s: float = _setting(
        5.0, values.duration_s, "Time for everything sent after the command, in total.", metavar="TIME", key="budget"
    )
    dir: str | None = _setting(
        None,
        values.text,
        "The state folder. Default: .ci-reporter at the repository's root, else in the working directory.",
        metavar="FOLDER",
    )
    pushgateway_username: str | None = _setting(None, values.text, "Basic authentication: the user.", metavar="NAME")
    pushgateway_password: str | None = _setting(None, values.text, "Basic authentication: the password.", secret=True)
    pushgateway_token: str | None = _setting(None, values.text, "Bearer authentication: the token.", secret=True)
    pushgateway_ca: str | None = _setting(
        None, values.certificates, "Certificates to trust instead of the system's, PEM.", metavar="FILE"
    )
    loki_username: str | None = _setting(None, values.text, "Loki's basic authentication: the user.", metavar="NAME")
    loki_password: str | None = _setting(None, values.text, "Loki's basic authentication: the password.", secret=True)
    loki_token: str | None = _setting(None, values.text, "Loki's bearer authentication: the token.", secret=True)
    loki_tenant: str | None = _setting(None, values.text, "Loki's tenant, the X-Scope-OrgID.", metavar="NAME")
    loki_ca: str | None = _setting(
        None, values.certificates, "Certificates to trust for Loki instead of the system's, PEM.", metavar="FILE"
    )
    prometheus: str | None = _setting(
        None,
        values.url,
        "The Prometheus that `doctor` asks, and that counts for the gate's PromQL signals.",
        metavar="URL",
    )
    prometheus_username: str | None = _setting(None, values.text, "Basic authentication: the user.", metavar="NAME")
    prometheus_password: str | None = _setting(None, values.text, "Basic authentication: the password.", secret=True)
    prometheus_token: str | None = _setting(None, values.text, "Bearer authentication: the token.", secret=True)
    prometheus_ca: str | None = _setting(
        None, values.certificates, "Certificates to trust instead of the system's, PEM.", metavar="FILE"
    )
    branches: tuple[str, ...] = _setting(
        ("main", "master", "release/*"),
        values.text,
        "Branches that keep their name in labels, beside the default branch; patterns with * and ?.",
        metavar="PATTERN",
        many=True,
    )
    label_budget: int = _setting(
        200, values.count, "At most this many label sets a push; the rest is dropped and said.", metavar="N"
    )
    ci_summary: bool = _setting(
        True,
        values.flag,
        "On GitHub: annotate failed tests and add the step to the job's summary. Default: true.",
        metavar="BOOL",
    )
    run_info: bool = _setting(False, values.flag, "Push ci_run_info{ci_run_id,revision} too: one new series a run.")


def settings() -> tuple[Setting, ...]:
    """Every setting, in the order of `Config`."""
    return tuple(_described(each.name, dict(each.metadata["setting"])) for each in fields(Config))


def _described(name: str, known: dict[str, Any]) -> Setting:
    known.setdefault("key", name)
    known.setdefault("variable", f"CI_REPORTER_{known['key'].upper()}")
    return Setting(field=name, **known)
