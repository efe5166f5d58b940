"""`/pipelines`: the runs of one pipeline and branch; `/compare`: two runs, step by step."""

from __future__ import annotations

from ci_reporter.hub.page.charts.lines import durations
from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.reading import Reading

_NAMES = ("repository", "pipeline", "branch", "environment")
_PER_PAGE = 50


def _pipeline(reading: Reading, visit: Visit) -> Answer:
    names = visit.some(*_NAMES)
    found = ask(reading, visit, "/runs", **names, cursor=visit.get("cursor"), per_page=_PER_PAGE)
    runs, cursor = found["items"], found["next_cursor"]
    body = render(
        "pipeline.html",
        visit=visit,
        names=names,
        runs=runs,
        chart=durations(runs),
        following=address("/pipelines", **names, cursor=cursor) if cursor else None,
    )
    return Answer(body)


def _compare(reading: Reading, visit: Visit) -> Answer:
    base, head = visit.get("base"), visit.get("head")
    if not base or not head:
        raise Problem(400, "compare: name two runs, base and head", field="base")
    found = ask(reading, visit, "/compare", base=base, head=head, repository=visit.get("repository"))
    return Answer(render("compare.html", visit=visit, found=found))


VIEWS = (
    View(path="/pipelines", answer=_pipeline, params=(*_NAMES, "cursor")),
    View(path="/compare", answer=_compare, params=("base", "head", "repository")),
)
