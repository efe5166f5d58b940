"""The hub as a process: one port, one database, a clean start and a clean stop."""

from __future__ import annotations

import gc
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

import uvicorn

from ci_reporter import logs
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.hub.alerts.assembly import Surroundings, alerts
from ci_reporter.hub.alerts.follow import no_look
from ci_reporter.hub.alerts.ruling import ruling
from ci_reporter.hub.api import silences
from ci_reporter.hub.api.deployments import figures
from ci_reporter.hub.api.endpoint import Api
from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.app import App, Parts
from ci_reporter.hub.asgi import Mount
from ci_reporter.hub.auth import users
from ci_reporter.hub.auth.guard import Rules
from ci_reporter.hub.auth.signin import SignIn
from ci_reporter.hub.changes import Changes
from ci_reporter.hub.connections import Connection
from ci_reporter.hub.forward.forwarder import Forwarder
from ci_reporter.hub.ingest.secrets import SecretsSource
from ci_reporter.hub.metrics.pipelines import Pipelines
from ci_reporter.hub.page.login import login_page
from ci_reporter.hub.page.site import Site
from ci_reporter.hub.poll.assembly import poller
from ci_reporter.hub.poll.gcpe import Gcpe
from ci_reporter.hub.runs.steps import keep_runs
from ci_reporter.hub.runs.upkeep import Upkeep
from ci_reporter.hub.settings.hubfile import Settings
from ci_reporter.hub.silences.silence import Silences
from ci_reporter.hub.store.opening import Database, display_name, open_store
from ci_reporter.hub.store.postgres.address import is_url
from ci_reporter.hub.store.retention import Keep
from ci_reporter.hub.webhooks.endpoint import PATH as WEBHOOKS
from ci_reporter.hub.webhooks.endpoint import VARIABLE as WEBHOOK_SECRETS
from ci_reporter.hub.webhooks.endpoint import Webhooks
from ci_reporter.hub.webhooks.inbox import Inbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.sinks import Sink

_KEEP_ALIVE_S = 75
_STOP_S = 10  # for requests that have begun
_BACKLOG = 4096
_MOST_FILES = 65_536
_log = logging.getLogger("ci_reporter.hub")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `ci-reporter hub serve` is told."""

    host: str
    port: int
    database: str
    secrets: SecretsSource
    branches: tuple[str, ...]
    keep: Keep
    bodies_alone: bool = False
    anonymous_reads: bool = False
    anonymous_metrics: bool = False
    log_level: str = "INFO"
    compat: str | None = None
    forward: Sink | None = None
    settings: Settings = field(default_factory=Settings)
    env: Mapping[str, str] = field(default_factory=dict)


class _Server(uvicorn.Server):
    """uvicorn's, which waits for open streams: they are ended as soon as it is to stop."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then as uvicorn does."""
        self._end_streams()
        await super().shutdown(sockets)


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT. Raises UsageError, StoreError before anything is served."""
    listening = _listen(options.host, options.port)
    with listening:
        logs.configure("ci-reporter-hub", level=options.log_level)
        store = open_store(options.database, keep=options.keep)
        check_address(options, is_anybody_known=users.is_anybody_known(store))
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # what it does at start and stop, we say
        app = application(options, store)
        _raise_file_limit()
        server = _server(app)
        _stop_at_signals(server)
        _say_start(options, listening)
        _say_who_may(options, is_anybody_known=users.is_anybody_known(store))
        server.run(sockets=[listening])
        if not server.started:
            raise CIReporterError("the hub could not start; the lines above say why")
        _log.info("the hub has stopped; all reports that were acknowledged are in %s", display_name(options.database))


def application(options: Options, store: Database) -> App:
    """All that the hub answers, with the guard before it."""
    keep_runs(store)
    readers = Readers(store.reading)
    changes = Changes(store)
    store.listen(changes.wake)
    forwarders = [Forwarder(store, options.forward)] if options.forward else []
    alone = not is_url(options.database)
    polled = poller(options.settings.poll, store, options.env, branches=options.branches, alone=alone)
    polling = [polled] if polled else []
    compatible = [Gcpe(store).blocks] if options.compat else []
    site = Site(store, readers, changes, polled.blocks if polled else tuple)
    look_again = polled.look_again if polled else no_look
    around = Surroundings(
        store=store,
        env=options.env,
        alone=alone,
        branches=options.branches,
        sources=options.settings.poll.sources,
        look_again=look_again,
        dora=figures,
    )
    told = alerts(ruling(options.settings, options.env), around)
    alerting = [told] if told else []
    sign_in = SignIn(store, options.settings.auth, options.env, rules_of(options), page=login_page)
    upkeep = Upkeep(store, options.keep.age_s)
    inbox = Inbox(store, options.branches)
    webhooks = Webhooks(SecretsSource(WEBHOOK_SECRETS, dict(options.env)), inbox)

    return App(
        Parts(
            store=store,
            secrets=options.secrets,
            branches=options.branches,
            bodies_alone=options.bodies_alone,
            mounts=(
                *silences_mounts(store),
                Mount("/api/", Api(readers)),
                Mount(WEBHOOKS, webhooks),
                *sign_in.mounts,
                *site.mounts(),
            ),
            services=(readers, changes, inbox, upkeep, *sign_in.services, site.feed, *forwarders, *polling, *alerting),
            streams=(site.broadcast.close,),
            blocks=[
                *(Pipelines(store).blocks, webhooks.blocks),
                *(each.blocks for each in forwarders),
                *(each.blocks for each in polling),
                *(each.blocks for each in alerting),
                *compatible,
            ],
            guard=sign_in.guard,
        )
    )


def silences_mounts(store: Database) -> tuple[Mount, Mount]:
    """The endpoint of silences: of all, and of one."""
    endpoint = silences.SilencesApi(Silences(store))
    return Mount(silences.PATH, endpoint), Mount(f"{silences.PATH}/", endpoint)


def check_address(options: Options, *, is_anybody_known: bool) -> None:
    """Without any sign-in only this machine may reach the port. Raises UsageError."""
    if not (options.secrets.given or is_anybody_known or options.settings.auth.jwt or _is_loopback(options.host)):
        raise UsageError(
            f"option --listen: {options.host} can be reached from elsewhere, and without a secret anybody may send"
            " reports (set CI_REPORTER_HUB_SECRETS or CI_REPORTER_HUB_SECRETS_FILE, or add a user or a token:"
            " ci-reporter hub user add, or listen on 127.0.0.1)"
        )


def rules_of(options: Options) -> Rules:
    """Sign-in is needed where others reach the hub, or reports are signed; else from the first user or token on."""
    return Rules(
        always=options.secrets.given or bool(options.settings.auth.jwt) or not _is_loopback(options.host),
        anonymous_reads=options.anonymous_reads,
        anonymous_metrics=options.anonymous_metrics,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    """The port, taken before anything else is done. Raises UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise UsageError(f"option --listen: cannot listen on {host}:{port}: {why}") from exc


def _say_start(options: Options, listening: socket.socket) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    at = f"http://{host}:{listening.getsockname()[1]}"
    _log.info("the hub listens on %s and keeps reports in %s", at, display_name(options.database))
    if options.bodies_alone:
        _log.warning("signatures without a time are taken: whoever records such a request can send it again")


def _say_who_may(options: Options, *, is_anybody_known: bool) -> None:
    add = f"ci-reporter hub user add NAME --role admin --database {display_name(options.database)}"
    if not rules_of(options).always and not is_anybody_known:
        _log.warning(
            "nobody needs to sign in, and reports need no signature, so only this machine can reach the hub"
            " (CI_REPORTER_HUB_SECRETS, or: %s)",
            add,
        )
    elif options.anonymous_reads:
        _log.warning("everybody who reaches the hub can read all of it (--allow-anonymous-reads)")
    elif not is_anybody_known:
        _log.warning("nobody can sign in yet: add a user on this machine (%s)", add)


def _server(app: App) -> uvicorn.Server:
    # What is there now stays. A request leaves no circles, so looking for them after each 700 objects is lost time; but
    # with 50,000 a hub with little to do kept for half an hour what its polls and its errors leave.
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="websockets-sansio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
    )
    return _Server(config, app.end_streams)


def _stop_at_signals(server: uvicorn.Server) -> None:
    """Stop also at a signal that comes before uvicorn listens for signals.

    uvicorn sends itself the signal again when it has stopped: it then finds this, and the process ends with 0.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _raise_file_limit() -> None:
    """Each connection is an open file, and the usual limit is 1024."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    if wanted > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
