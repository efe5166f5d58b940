"""The commits since the last good deploy, as lines."""

from ci_reporter.http.upstream import Change, Comparison
from ci_reporter.hub.alerts.deploys.commits import comparer, since
from ci_reporter.model import Run

GOOD = "a" * 40


def changes(count):
    return tuple(
        Change(revision=f"{n:040d}", subject=f"change {n}", author="Ada" if n % 2 else "Bob") for n in range(count)
    )


def test_authors_are_counted_and_the_newest_commits_shown():
    found = Comparison(changes=changes(3), total=3, files=2, additions=10, deletions=1, url="https://c.example/")
    assert since(found, GOOD).lines == (
        "3 commits since aaaaaaaaaaaa, the last good deploy: by Bob (2), Ada",
        "2 files changed, 10 insertions(+), 1 deletions(-)",
        "000000000000 change 2 (Bob)",
        "000000000000 change 1 (Ada)",
        "000000000000 change 0 (Bob)",
    )


def test_many_are_cut_and_counted():
    lines = since(Comparison(changes=changes(250), total=400), GOOD).lines
    assert len(lines) == 12
    assert lines[-1] == "… 390 more"


def test_where_nobody_can_compare_that_is_said():
    found = comparer((), {})(Run(provider="jenkins", repository="acme/shop"), GOOD, "b" * 40)
    assert found.lines == ("the commits since aaaaaaaaaaaa are not known: no target of poll: has acme/shop on jenkins",)
