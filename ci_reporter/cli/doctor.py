"""`ci-reporter doctor`: look at everything a push needs; say what is well and what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import reported
from ci_reporter.context import Context
from ci_reporter.http import shown
from ci_reporter.http.prometheus import Prometheus
from ci_reporter.providers import detect, read_text
from ci_reporter.sinks import diagnosis
from ci_reporter.sinks.configured import access, pushgateway, sink_names
from ci_reporter.sinks.diagnosis import Finding
from ci_reporter.sinks.gateway import Gateway


@click.command(
    "doctor", epilog="Example:  ci-reporter doctor --pushgateway http://gw:9091 --prometheus http://prom:9090"
)
@click.option("--pushgateway", "gateway_url", metavar="URL", help="The Pushgateway.  [CI_REPORTER_PUSHGATEWAY]")
@click.option("--prometheus", "prometheus_url", metavar="URL", help="The Prometheus.  [CI_REPORTER_PROMETHEUS]")
@reported
def command(gateway_url: str | None, prometheus_url: str | None) -> None:
    """Check settings, state folder, Pushgateway and Prometheus; exit 1 when something is to be done."""
    well = True
    for finding in _findings(current_context({"pushgateway": gateway_url, "prometheus": prometheus_url})):
        well = well and finding.ok
        output.result(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.seen}")
        if not finding.ok:
            output.result(f"      → {finding.remedy}")
    sys.exit(0 if well else 1)


def _findings(context: Context) -> Iterator[Finding]:
    run = detect(context.env, read_text)
    yield Finding(ok=True, seen=f"settings are valid; this is {run.provider}, run {run.ci_run_id}")
    yield _state_folder(context.journal.path)
    if not context.config.pushgateway and sink_names(context.config):
        yield Finding(ok=True, seen=f"no Pushgateway is set; steps go to {', '.join(sink_names(context.config))}")
        return
    if not context.config.pushgateway:
        remedy = "set CI_REPORTER_PUSHGATEWAY or 'pushgateway' in .ci-reporter.yml, unless files are enough"
        yield Finding(ok=False, seen="no Pushgateway is set: steps are recorded, not pushed", remedy=remedy)
        return
    sink = pushgateway(context.config)
    yield from diagnosis.gateway(Gateway(url=sink.url, access=sink.access))
    if context.config.prometheus:
        server = Prometheus(url=shown(context.config.prometheus), access=access(context.config, "prometheus"))
        yield from diagnosis.prometheus(server, sink.url)


def _state_folder(path: str) -> Finding:
    at = path
    while not os.path.exists(at):
        at = os.path.dirname(at)
    if os.path.isdir(at) and os.access(at, os.W_OK):
        return Finding(ok=True, seen=f"state folder {path}")
    remedy = "make it writable, or name another with CI_REPORTER_DIR"
    return Finding(ok=False, seen=f"state folder {path} cannot be written", remedy=remedy)
