"""All pages as one: where they are, what keeps them up to date, how their streams end."""

from __future__ import annotations

from collections.abc import Sequence

from ci_reporter.hub.api.readers import Readers
from ci_reporter.hub.asgi import Mount
from ci_reporter.hub.changes import Changes
from ci_reporter.hub.page import assets
from ci_reporter.hub.page.endpoint import Pages
from ci_reporter.hub.page.live.broadcast import Broadcast
from ci_reporter.hub.page.live.feed import Feed
from ci_reporter.hub.page.live.stream import EVENTS, SOCKET, Streams
from ci_reporter.hub.page.preferences import PATH as PREFERENCES
from ci_reporter.hub.page.preferences import preferences
from ci_reporter.hub.page.view import View
from ci_reporter.hub.page.views import admin, deployments, feeds, pipeline, run, silences, tests, trends
from ci_reporter.hub.page.views.admin import Figures, Inside
from ci_reporter.hub.page.views.silences import SilenceForms
from ci_reporter.hub.page.views.wall import wall
from ci_reporter.hub.page.wall.cards import Cards
from ci_reporter.hub.silences.silence import Silences
from ci_reporter.hub.store.tables import Tables


class Site:
    """The pages of a hub. `feed` is a `Service`; `broadcast.close` ends the streams."""

    def __init__(self, tables: Tables, readers: Readers, changes: Changes, figures: Figures = tuple) -> None:
        self.cards = Cards()
        self.broadcast = Broadcast()
        self.feed = Feed(tables, changes, self.cards, self.broadcast)
        self._figures = figures
        self._silences = Silences(tables)
        self._views = self._all_views(tables)
        self._pages = Pages(readers, self._views)
        self._streams = Streams(self.broadcast)

    def mounts(self) -> Sequence[Mount]:
        """Where everything is."""
        paths = [
            path for path in dict.fromkeys(_mount_path(view.path) for view in self._views) if path != silences.PATH
        ]
        return (
            *(Mount(path, self._pages) for path in (*paths, assets.PREFIX)),
            Mount(silences.PATH, SilenceForms(self._silences, self._pages)),
            Mount(PREFERENCES, preferences),
            Mount(EVENTS, self._streams.events),
            Mount(SOCKET, self._streams.socket, takes_sockets=True),
        )

    def _all_views(self, tables: Tables) -> Sequence[View]:
        inside = Inside(tables=tables, cards=self.cards, broadcast=self.broadcast, figures=self._figures)
        return (
            wall(self.cards, self.broadcast),
            run.VIEW,
            *pipeline.VIEWS,
            *tests.VIEWS,
            deployments.view(self.cards),
            trends.VIEW,
            *feeds.views(self.cards),
            silences.view(self._silences),
            admin.view(inside),
        )


def _mount_path(path: str) -> str:
    """The part of a path before its first name: `/runs/` of `/runs/{ci_run_id}`."""
    return path.partition("{")[0]
