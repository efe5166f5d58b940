"""`ci-reporter hub serve`: the server."""

from __future__ import annotations

import os

import click

from ci_reporter.cli.hub import extra, options
from ci_reporter.cli.hub.forwarding import pushgateway
from ci_reporter.cli.reporting import report_errors
from ci_reporter.config import Config, values
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECRETS = "CI_REPORTER_HUB_SECRETS"


@click.command("serve", epilog="Example:  ci-reporter hub serve --listen 127.0.0.1:8750 --database ci-reporter-hub.db")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8750",
    envvar="CI_REPORTER_HUB_LISTEN",
    show_envvar=True,
    help="Where to listen. Default: 127.0.0.1:8750. Other hosts need a secret, a user or a token.",
)
@options.config
@options.database
@options.branches
@click.option(
    "--keep",
    metavar="TIME",
    envvar="CI_REPORTER_HUB_KEEP",
    show_envvar=True,
    help="Delete reports that are older, such as 90d. Default: keep them.",
)
@click.option(
    "--keep-runs",
    metavar="N",
    type=click.IntRange(min=1),
    envvar="CI_REPORTER_HUB_KEEP_RUNS",
    show_envvar=True,
    help="Keep the last N reports of a series (job, step, branch). Default: all.",
)
@click.option(
    "--allow-body-signatures",
    "bodies_alone",
    is_flag=True,
    envvar="CI_REPORTER_HUB_ALLOW_BODY_SIGNATURES",
    show_envvar=True,
    help="Take X-CI-Signature, of the body alone: it does not protect from replays.",
)
@click.option(
    "--allow-anonymous-reads",
    "anonymous_reads",
    is_flag=True,
    envvar="CI_REPORTER_HUB_ALLOW_ANONYMOUS_READS",
    show_envvar=True,
    help="Let everybody read all that the hub has, without signing in: for a proxy that signs people in.",
)
@click.option(
    "--allow-anonymous-metrics",
    "anonymous_metrics",
    is_flag=True,
    envvar="CI_REPORTER_HUB_ALLOW_ANONYMOUS_METRICS",
    show_envvar=True,
    help="Let everybody read /metrics, without signing in.",
)
@click.option(
    "--forward-pushgateway",
    "forward",
    metavar="URL",
    envvar="CI_REPORTER_HUB_FORWARD_PUSHGATEWAY",
    show_envvar=True,
    help="Push what was received to this Pushgateway, too. Its password or token: CI_REPORTER_PUSHGATEWAY_...",
)
@click.option(
    "--compat",
    type=click.Choice(["gcpe"]),
    envvar="CI_REPORTER_HUB_COMPAT",
    show_envvar=True,
    help="Metrics by the names of gitlab-ci-pipelines-exporter (gcpe), too, for its dashboards.",
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="INFO",
    envvar="CI_REPORTER_HUB_LOG_LEVEL",
    show_envvar=True,
    help="What to log, as JSON lines on stderr. Default: INFO.",
)
@report_errors
def command(
    listen: str,
    branches: tuple[str, ...],
    keep: str | None,
    keep_runs: int | None,
    config: str | None,
    forward: str | None,
    **more: Any,
) -> None:
    """Run the hub until SIGTERM or ^C: receive reports, poll CI systems, send alerts, show pages.

    Jobs send their reports to POST /ci-report. What to poll and what to alert on is in the file of --config. The
    pages are at /, the JSON API is at /api/v1, metrics for Prometheus at /metrics, health at /health, /livez, /readyz.

    The secrets that reports are signed with come from CI_REPORTER_HUB_SECRETS or, better, from the file that
    CI_REPORTER_HUB_SECRETS_FILE names: one a line, or `REPOSITORY: SECRET...`. Without any,
    and without a user or a token (`hub user add`, `hub token create`), only this machine can reach the hub.

    CI systems send webhooks to POST /webhooks/github, /webhooks/gitlab and so on. The secrets that they sign with come
    from CI_REPORTER_HUB_WEBHOOK_SECRETS, or from the file that CI_REPORTER_HUB_WEBHOOK_SECRETS_FILE names.
    """
    with extra():
        from ci_reporter.hub.ingest.secrets import SecretsSource
        from ci_reporter.hub.server import Options, serve
        from ci_reporter.hub.settings.hubfile import Settings, load
        from ci_reporter.hub.store.retention import Keep
    host, port = _address(listen)
    serve(
        Options(
            host=host,
            port=port,
            secrets=SecretsSource(_SECRETS, dict(os.environ)),
            branches=branches or Config.branches,
            keep=Keep(age_s=_age_s(keep), runs=keep_runs),
            forward=pushgateway(forward, os.environ, branches or Config.branches) if forward else None,
            settings=load(config) if config else Settings(),
            env=dict(os.environ),
            **more,
        )
    )


def _address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8750`, `[::1]:8750` or `:8750`. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host) != host.startswith("["):
        raise UsageError(f"option --listen: {text!r} is not an address (write 127.0.0.1:8750 or [::1]:8750)")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  `:8750` is how one asks for all addresses


def _age_s(text: str | None) -> float | None:
    try:
        return values.duration_s(text) if text else None
    except ValueError as exc:
        raise UsageError(f"option --keep: {values.quote(text or '')} {exc}") from exc
