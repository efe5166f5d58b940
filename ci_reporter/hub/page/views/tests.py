"""`/tests`: which tests fail, are flaky or slow; `/tests/history`: one test over time."""

from __future__ import annotations

from ci_reporter.hub.api.tests import ORDERS
from ci_reporter.hub.page.charts.marks import outcomes
from ci_reporter.hub.page.rendering import address, render
from ci_reporter.hub.page.view import Answer, View, Visit, ask
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store.reading import Reading

_OF = ("repository", "pipeline", "branch")


def _tests(reading: Reading, visit: Visit) -> Answer:
    order = visit.get("order") or ORDERS[0]
    if order not in ORDERS:
        raise Problem(400, f"order: expected one of {', '.join(ORDERS)}", field="order")
    found = ask(reading, visit, "/tests", **visit.some(*_OF), order=order, per_page=100)
    orders = [(each, address("/tests", **visit.some(*_OF), order=each)) for each in ORDERS]
    return Answer(render("tests.html", visit=visit, found=found, order=order, orders=orders, names=visit.some(*_OF)))


def _history(reading: Reading, visit: Visit) -> Answer:
    name = visit.get("name")
    if not name:
        raise Problem(400, "name: say which test", field="name")
    given = visit.some(*_OF)
    found = ask(reading, visit, "/tests/history", name=name, **given, cursor=visit.get("cursor"), per_page=50)
    cursor = found["next_cursor"]
    body = render(
        "test.html",
        visit=visit,
        name=name,
        events=found["items"],
        chart=outcomes(found["items"]),
        following=address("/tests/history", name=name, **given, cursor=cursor) if cursor else None,
    )
    return Answer(body)


VIEWS = (
    View(path="/tests", answer=_tests, params=(*_OF, "order")),
    View(path="/tests/history", answer=_history, params=(*_OF, "name", "cursor")),
)
