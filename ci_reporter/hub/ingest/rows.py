"""Verified JSON objects → rows of the store: each is a report, of the sender's repository, with numbers that can be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ci_reporter import metrics
from ci_reporter.hub.auth.access import Access
from ci_reporter.hub.ingest.parsing import Parsed
from ci_reporter.hub.ingest.ranges import out_of_range
from ci_reporter.hub.ingest.signature import Sender
from ci_reporter.hub.problem import Problem
from ci_reporter.hub.store import Row, Series
from ci_reporter.model import seconds_of, uuid7
from ci_reporter.schema import known_values

_LONGEST_LABEL = 400  # characters; Prometheus itself sets no limit, and its memory does


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a request comes from: who signed it, the repository that its header names, when it came.

    Without a signature `access` says what the sender may.
    """

    sender: Sender | None
    repository: str | None
    now_s: float
    access: Access | None = None

    @property
    def is_limited(self) -> bool:
        """Whether it is of some repositories only."""
        return bool((self.sender and self.sender.secret.repositories) or (self.access and self.access.patterns))

    def speaks_for(self, repository: str | None) -> bool:
        """Whether reports of that repository may come from there."""
        if self.sender:
            return self.sender.secret.speaks_for(repository)
        return self.access is None or self.access.sees(repository or "")


def rows(parsed: Parsed, origin: Origin, branches: tuple[str, ...]) -> list[Row]:
    """The rows of a request. Raises Problem: all or none is kept."""
    found = []
    single = len(parsed.reports) == 1
    for at, flat in enumerate(parsed.reports):
        where = "" if single else f"[{at}]."
        known = _known(flat, where)
        added = _added(known, origin, at)
        if not origin.speaks_for(known.get("repository", added.get("repository"))):
            raise Problem(403, _foreign(known, origin), field=f"{where}repository")
        body = parsed.text if parsed.text and not added else json.dumps({**flat, **added})
        found.append(_row(known | added if added else known, body, round(origin.now_s * 1000), branches))
    return found


def _known(flat: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        known = known_values(flat)
    except ValueError as exc:
        field, colon, why = str(exc).partition(": ")
        if not colon or " " in field:
            raise Problem(400, f"{where}: {exc}" if where else str(exc)) from None
        raise Problem(400, f"{where}{field}: {why}", field=f"{where}{field}") from None
    if problem := out_of_range(known):
        field, why = problem
        raise Problem(422, f"{where}{field}: {why}", field=f"{where}{field}")
    return known


def _added(known: Mapping[str, Any], origin: Origin, at: int) -> dict[str, Any]:
    """What the report itself does not say: its id, and the repository whose secret has signed it."""
    added: dict[str, Any] = {}
    if "report_id" not in known:
        added["report_id"] = _id_of_message(origin.sender, at) if origin.sender else uuid7()
    if origin.is_limited and origin.repository is not None and "repository" not in known:
        added["repository"] = origin.repository
    return added


def _foreign(known: Mapping[str, Any], origin: Origin) -> str:
    named = repr(known["repository"]) if "repository" in known else "a report without a repository"
    whose = (
        "the secret that signed this request" if origin.sender else f"the {origin.access.name if origin.access else ''}"
    )
    return f"{whose} does not speak for {named}"


def _id_of_message(sender: Sender, at: int) -> str:
    """The id of a report that has none: the same one each time that the same message comes, a UUID of version 8."""
    whose = (sender.secret.repositories or "*").encode()
    digest = hashlib.sha256(b"%b\n%d\n%b" % (whose, at, sender.message)).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def _row(known: Mapping[str, Any], body: str, now_ms: int, branches: tuple[str, ...]) -> Row:
    get = known.get
    finished_s = seconds_of(known["finished_at"]) if "finished_at" in known else None
    job = get("job_name", "")
    branch = get("branch"), get("change"), get("default_branch")
    return Row(
        report_id=known["report_id"],
        series=_series(
            get("repository", ""), get("pipeline", ""), job, get("step") or job or "unknown", branch, branches
        ),
        at_ms=now_ms if finished_s is None else min(max(round(finished_s * 1000), 0), now_ms),
        received_ms=now_ms,
        result=str(known["result"]),
        duration_ms=get("duration_ms"),
        ci_run_id=_plain(get("ci_run_id") or _run_by_number(known)) or None,
        revision=_plain(get("revision", "")) or None,
        body=body,
    )


def _run_by_number(known: Mapping[str, Any]) -> str:
    """The run of a sender that knows only its CI system's number of it; pipelines may have the same numbers."""
    number, pipeline = known.get("pipeline_id", ""), known.get("pipeline")
    return f"{pipeline}/{number}" if number and pipeline else number


@lru_cache(4096)
def _series(
    repository: str,
    pipeline: str,
    job: str,
    step: str,
    branch: tuple[str | None, str | None, str | None],
    branches: tuple[str, ...],
) -> Series:
    """The series of a report; the next one is mostly of a series that was there a moment ago."""
    return _plain(repository), _plain(pipeline), _plain(job), _plain(step), _plain(metrics.fold(*branch, branches))


def _plain(text: str) -> str:
    """A text that every database and every label can hold: not long, no control characters, no lone surrogates."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text[:_LONGEST_LABEL]
