"""Prometheus Alertmanager: an alert that fires until it is resolved, or until it has not been sent for too long.

Source: prometheus/alertmanager, `api/v2/openapi.yaml`. Alertmanager knows an alert by its labels alone. So none of them
may change from run to run, and to resolve an alert it has to be sent once more with the very labels it fired with. Its
severity is one of them, for routes, and may have changed meanwhile: Alertmanager is asked what fires.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from ci_reporter.config import values
from ci_reporter.config.server import Server
from ci_reporter.config.setting import setting
from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.model import Run, rfc3339, seconds_of
from ci_reporter.notify.alert import Alert, State
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.fitting import fit_lines
from ci_reporter.notify.language import Language
from ci_reporter.notify.notifier import Rate, json_request, preview_request
from ci_reporter.system.text import clip, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Access, Answer
    from ci_reporter.system.deadline import Deadline

    Labels = Mapping[str, str]

_RATE = Rate(count=50, per_s=1.0)
_LONGEST_LABEL, _LONGEST_TEXT, _LONGEST_ADDRESS = 500, 10_000, 2000
_LARGEST_ANSWER = 4 * 1024 * 1024
_SEVERITY = "severity"
_KEY = ("alertname", "about")
_SHORTEST_ID = 5  # the 7 of `shard 7 failed` need not be the seventh run
_MAIN_BRANCHES = ("main", "master", "trunk")  # where the CI system does not say which is the default one


def label(value: str) -> tuple[str, str]:
    """`name=value`, the name as Prometheus allows it."""
    name, content = values.pair(value)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("is not a label (write name=value; the name is of letters, digits and '_')")
    return name, content


class AlertmanagerSettings(Server, group="alertmanager"):
    """Where it is, and what its routes go by."""

    url: str | None = setting(None, values.url, "URL", "Alertmanager: its address.", main=True)
    alertname: str = setting(
        "CIAlert", values.text, "NAME", "Alertmanager: the label `alertname` of all our alerts. Default: CIAlert."
    )
    label: Mapping[str, str] = setting(
        EMPTY, label, "NAME=VALUE", "Alertmanager: more labels, such as `team=web`.", many=True, pairs=True
    )
    resolve_after: float = setting(
        86400.0,
        values.duration_s,
        "TIME",
        "Alertmanager: how long an alert fires when nothing more is heard of it. Default: 24h.",
    )

    def notifier(self, env: Mapping[str, str], language: Language) -> Alertmanager:  # noqa: ARG002
        """Make the notifier."""
        return Alertmanager(
            url=self.address(),
            access=self.access(),
            secrets=self.secrets(),
            labels={"alertname": self.alertname, **self.label},
            resolve_after_s=self.resolve_after,
            language=language,
        )


class Alertmanager(Frozen):
    """Posts alerts. `labels` are the same on all of them; the clock is for tests."""

    url: str
    access: Access
    labels: Labels
    resolve_after_s: float
    language: Language = Language.EN
    secrets: frozenset[str] = frozenset()
    name: str = "alertmanager"
    rate: Rate = _RATE
    incidents: bool = True
    clock: Callable[[], float] = time.time

    def send(self, alert: Alert, deadline: Deadline) -> None:
        """Post it, and end what fires of the same with another severity. Raises DeliveryError, Rejected."""
        from ci_reporter.http import send

        old = self._firing(alert, deadline)
        send(json_request(**self._post(alert, old)), deadline, retries=2, problem=_problem)

    def preview(self, alert: Alert) -> str:
        """Show the request that would be sent if nothing fired yet."""
        return preview_request(json_request(**self._post(alert, ())), self.secrets)

    def _post(self, alert: Alert, old: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        """What to post: ours, and those that end now."""
        now_s = self.clock()
        ours = self._ours(alert, now_s)
        ended = [
            {**ours, "labels": each["labels"], "startsAt": each["startsAt"], "endsAt": rfc3339(now_s)}
            for each in old
            if each["labels"] != ours["labels"]
        ]
        address = f"{self.url}/api/v2/alerts"
        return {"url": address, "payload": [ours, *ended], "base": self.url, "access": self.access}

    def _ours(self, alert: Alert, now_s: float) -> dict[str, Any]:
        """The alert as Alertmanager has it. One that waited in the outbox has its whole time from now."""
        shown = content(alert, self.language)
        at_s = min(now_s, alert.at_s or now_s)
        resolved = alert.state is State.RESOLVED
        page = next((each.url for each in shown.links if len(each.url) <= _LONGEST_ADDRESS), None)
        return {
            "labels": {**labels(alert), **self.labels},
            "annotations": annotation_texts(shown, alert.run),
            **({} if resolved else {"startsAt": rfc3339(at_s)}),
            "endsAt": rfc3339(now_s if resolved else now_s + self.resolve_after_s),
            **({"generatorURL": page} if page else {}),
        }

    def _firing(self, alert: Alert, deadline: Deadline) -> tuple[dict[str, Any], ...]:
        """What fires of the same, whatever its severity. Where one may only write, that is nothing."""
        from urllib.parse import quote

        from ci_reporter.http import Request, send

        wanted = {**labels(alert), **self.labels}
        matcher = quote(f"about={_in_quotes(wanted['about'])}", safe="")
        request = Request(
            method="GET",
            url=f"{self.url}/api/v2/alerts?filter={matcher}",
            base=self.url,
            access=self.access,
            limit=_LARGEST_ANSWER,
        )
        try:
            found = _json_list(send(request, deadline, problem=_problem))
        except Rejected:
            return ()
        by_key = alert.state is State.RESOLVED and bool(alert.dedup_key)
        return tuple(each for each in found if _same(each, wanted, by_key))


def labels(alert: Alert) -> dict[str, str]:
    """What the alert is known by. Nothing in it names a run, a commit or a change: each would be another alert."""
    run = alert.run or Run()
    known = {
        _SEVERITY: str(alert.level),
        "service": alert.service,
        "environment": alert.environment,
        "repository": run.repository,
        "pipeline": run.pipeline,
        "ci_job": run.job_name,
        "branch": _branch(run),
        "about": _without_run(alert.dedup_key or alert.title, run) or "ci",
    }
    return {name: clean for name, value in known.items() if value and (clean := one_line(value, _LONGEST_LABEL))}


def annotation_texts(shown: Content, run: Run | None) -> dict[str, str]:
    """The annotations: what people read. Here the run may be named."""
    lines = [
        *clip(shown.text, _LONGEST_TEXT // 3).splitlines(),
        *(f"{each.name}: {each.value}" for each in shown.facts[:20]),
        *((f"{shown.word('Failed tests')}:", *shown.failed_tests) if shown.failed_tests else ()),
        *((f"{shown.word('Commit')}: {shown.commit}", *shown.stat) if shown.commit else ()),
        *(f"{each.text}: {each.url}" for each in shown.links if len(each.url) <= _LONGEST_ADDRESS),
    ]
    known = {
        "summary": shown.title,
        "description": "\n".join(fit_lines(lines, _LONGEST_TEXT, shown.language)),
        "ci_run_id": (run and run.ci_run_id) or "",
        "revision": one_line((run and run.revision) or "", 100),
    }
    return {name: value for name, value in known.items() if value}


def _branch(run: Run) -> str | None:
    """The default branch by its name, as its alerts go elsewhere; all others are too many to be a label."""
    if run.change:
        return "pull_request"
    if run.branch and run.branch not in ((run.default_branch,) if run.default_branch else _MAIN_BRANCHES):
        return "other"
    return run.branch


def _without_run(text: str, run: Run) -> str:
    """The text without the words that name this very run: a title such as `build 4711 failed` has one."""
    words = {run.ci_run_id, run.pipeline_id, run.run_number, run.job_id, run.revision}
    words |= {(run.revision or "")[:length] for length in (7, 8, 10, 12)}
    known = sorted((each for each in words if each and len(each) >= _SHORTEST_ID), key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)"
    return re.sub(pattern, "…", text) if known else text


def _same(found: Any, wanted: Labels, by_key: bool) -> bool:
    """Whether an alert of Alertmanager's is this one, but for its severity.

    What ends one by its key may be another job, of another branch, and need not say of which service it was.
    """
    theirs = found.get("labels") if isinstance(found, dict) else None
    if not isinstance(theirs, dict) or seconds_of(found.get("startsAt")) is None:
        return False
    if by_key:
        places = {each.get("repository") for each in (theirs, wanted)} - {None}
        return len(places) < 2 and all(theirs.get(name) == wanted[name] for name in _KEY)
    return {**theirs, _SEVERITY: ""} == {**wanted, _SEVERITY: ""}


def _in_quotes(value: str) -> str:
    """As a matcher has it. Source: prometheus/alertmanager, `pkg/labels/parse.go`."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _json_list(answer: Answer) -> list[Any]:
    import json

    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _problem(answer: Answer) -> DeliveryError | None:
    """It answers 200 with nothing or with JSON; a page for people is a proxy's, or another program's."""
    if answer.is_page and answer.status < 500:
        said = answer.text(100)
    elif answer.status == 404:
        said = "404 not found"
    else:
        return None
    remedy = "check CI_REPORTER_ALERTMANAGER: the address of Alertmanager, with its --web.route-prefix if it has one"
    return Rejected(f"alertmanager refused: {said} ({remedy})", answer.status)
