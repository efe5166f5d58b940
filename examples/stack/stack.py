"""Pushgateway, Prometheus and Alertmanager of Debian's packages, with a day of runs, until ^C. `make stack` runs this.

Everything listens on 127.0.0.1 and lives in one temporary folder, which is removed at the end.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import backfill
import day
import present

HERE = Path(__file__).parent
ALERTS = HERE.parents[1] / "alerts"
DAY = 24 * 3600


class Server:
    """A server and its address."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command, self._log = command, log
        with log.open("wb") as out:
            # A session of its own: ^C is for this script, which then ends the server.
            self._process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def wait_until_ready(self) -> None:
        """Wait until it answers, for a minute at most."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            self.check()
            try:
                urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).close()  # noqa: S310
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{self._command[0]} is not ready after a minute: {self._tail()}")

    def check(self) -> None:
        """Exit with its last words when it has ended."""
        if self._process.poll() is not None:
            sys.exit(f"{self._command[0]} ended: {self._tail()}")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def main() -> None:
    """Start all three, fill them, and wait for ^C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--any-port", action="store_true", help="do not try the servers' usual ports first")
    parser.add_argument("--scrape-interval", default="15s", metavar="TIME", help="default: 15s")
    options = parser.parse_args()
    for number in ENDS:
        signal.signal(number, _end)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ci-reporter-stack-")))
        servers = _start(stack, folder, options)
        _say(servers, folder)
        while True:
            time.sleep(1)
            for server in servers.values():
                server.check()


ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _end(*_: object) -> None:
    """Leave, and let nobody interrupt the clearing up with a second ^C."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _start(stack: ExitStack, folder: Path, options: argparse.Namespace) -> dict[str, Server]:
    """Start the servers, and fill them: the past before Prometheus starts, the present through the gateway."""
    ports = {name: _port(usual, options.any_port) for name, usual in PORTS.items()}
    servers: dict[str, Server] = {}

    def start(name: str, *command: str) -> None:
        program = f"prometheus-{name}" if name != "prometheus" else name
        listen = f"--web.listen-address=127.0.0.1:{ports[name]}"
        servers[name] = Server([program, listen, *command], ports[name], folder / f"{name}.log")
        stack.callback(servers[name].stop)
        servers[name].wait_until_ready()

    now = time.time()
    reports = day.reports(now)
    print(f"{len(reports)} runs of {len(day.STEPS)} steps", flush=True)
    samples = backfill.write_blocks(reports, now - DAY, now - backfill.EVERY, folder / "tsdb")
    print(f"the past: {samples} samples, by promtool tsdb create-blocks-from openmetrics", flush=True)
    config = _prometheus_config(folder, ports, options.scrape_interval)
    start("pushgateway", f"--persistence.file={folder / 'pushed'}")
    start(
        "alertmanager",
        f"--config.file={ALERTS / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        "--cluster.listen-address=",
    )
    start(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        # The first alerts fire before Prometheus has found the Alertmanager; by default it tries again after a minute.
        "--rules.alert.resend-delay=5s",
    )
    present.push(reports, servers["pushgateway"].url, folder)
    print("the present: pushed by ci-reporter flush and ci-reporter run")
    return servers


PORTS = {"pushgateway": 9091, "alertmanager": 9093, "prometheus": 9090}


def _port(usual: int, any_port: bool) -> int:
    """The usual port, or a free one where that is taken or not wanted."""
    for port in (0,) if any_port else (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    sys.exit(f"no free port on 127.0.0.1 (the usual one is {usual})")


def _prometheus_config(folder: Path, ports: dict[str, int], interval: str) -> Path:
    """The configuration of compose.yml, with the addresses of this machine."""
    text = (HERE / "prometheus.yml").read_text()
    for name, usual in PORTS.items():
        text = text.replace(f'"{name}:{usual}"', f'"127.0.0.1:{ports[name]}"')
    text = text.replace("/etc/prometheus/alerts", str(ALERTS)).replace(": 15s", f": {interval}")
    path = folder / "prometheus.yml"
    path.write_text(text)
    return path


def _say(servers: dict[str, Server], folder: Path) -> None:
    query = "graph?g0.expr=last_over_time(ci_step_duration_seconds%5B2m%5D)&g0.tab=0&g0.range_input=1d"
    print(
        f"""
Prometheus    {servers["prometheus"].url}/{query}
alerts        {_alerts_page(servers["prometheus"])}
Alertmanager  {servers["alertmanager"].url}
Pushgateway   {servers["pushgateway"].url}

^C ends all three and removes {folder}""",
        flush=True,
    )


def _alerts_page(prometheus: Server) -> str:
    """Debian's Prometheus has only the classic pages, others have only the new ones."""
    try:
        urllib.request.urlopen(f"{prometheus.url}/alerts", timeout=5).close()  # noqa: S310
    except urllib.error.HTTPError:
        return f"{prometheus.url}/classic/alerts"
    return f"{prometheus.url}/alerts"


if __name__ == "__main__":
    main()
