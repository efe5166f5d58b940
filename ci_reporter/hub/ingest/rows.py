"""Verified JSON objects → rows of the store: each is a report, of the sender's repository, with numbers that can be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ci_reporter import metrics
from ci_reporter.hub.ingest.problem import Problem
from ci_reporter.hub.ingest.ranges import out_of_range
from ci_reporter.hub.ingest.signature import Sender
from ci_reporter.hub.store import Row, Series
from ci_reporter.model import Report, seconds_of
from ci_reporter.schema import from_json

_LONGEST_LABEL = 400  # characters; Prometheus itself sets no limit, and its memory does


def rows(
    flats: Sequence[Mapping[str, Any]],
    sender: Sender | None,
    repository: str | None,
    now_s: float,
    branches: tuple[str, ...],
) -> list[Row]:
    """The rows of a request; `repository` is the one that its header names. Raises Problem: all or none is kept."""
    found = []
    for at, given in enumerate(flats):
        where = f"[{at}]." if len(flats) > 1 else ""
        report, flat = _report(given, where), given
        if sender and report.run.repository is None and sender.secret.repositories is not None:
            flat = {**given, "repository": repository}
            report = _report(flat, where)
        if sender and not sender.secret.speaks_for(report.run.repository):
            raise Problem(403, _foreign(report), field=f"{where}repository")
        report_id = report.report_id
        if sender and not flat.get("report_id"):
            report_id = _id_of_message(sender, at)
        found.append(_row(report, {**flat, "report_id": report_id}, round(now_s * 1000), branches))
    return found


def _report(flat: Mapping[str, Any], where: str) -> Report:
    try:
        report = from_json(flat)
    except ValueError as exc:
        field, colon, why = str(exc).partition(": ")
        if not colon or " " in field:
            raise Problem(400, f"{where}: {exc}" if where else str(exc)) from None
        raise Problem(400, f"{where}{field}: {why}", field=f"{where}{field}") from None
    if problem := out_of_range(report):
        field, why = problem
        raise Problem(422, f"{where}{field}: {why}", field=f"{where}{field}")
    return report


def _foreign(report: Report) -> str:
    named = repr(report.run.repository) if report.run.repository else "no repository"
    return f"the secret that signed this request does not speak for {named}"


def _id_of_message(sender: Sender, at: int) -> str:
    """The id of a report that has none: the same one each time that the same message comes, a UUID of version 8."""
    whose = (sender.secret.repositories or "*").encode()
    digest = hashlib.sha256(b"%b\n%d\n%b" % (whose, at, sender.message)).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _row(report: Report, flat: Mapping[str, Any], now_ms: int, branches: tuple[str, ...]) -> Row:
    run, step = report.run, report.step
    finished_s = seconds_of(step.finished_at)
    return Row(
        report_id=flat["report_id"],
        series=_series(report, branches),
        at_ms=now_ms if finished_s is None else min(max(round(finished_s * 1000), 0), now_ms),
        received_ms=now_ms,
        result=step.result.value,
        duration_ms=step.duration_ms,
        ci_run_id=_plain(run.ci_run_id) or None,
        revision=_plain(run.revision or "") or None,
        body=json.dumps({"schema": 1, **flat}),
    )


def _series(report: Report, branches: tuple[str, ...]) -> Series:
    run = report.run
    return (
        _plain(run.repository or ""),
        _plain(run.pipeline or ""),
        _plain(run.job_name or ""),
        _plain(report.step.name),
        _plain(metrics.folded_branch(report, branches)),
    )


@lru_cache(4096)
def _plain(text: str) -> str:
    """A text that every database and every label can hold: not long, no control characters, no lone surrogates."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text[:_LONGEST_LABEL]
