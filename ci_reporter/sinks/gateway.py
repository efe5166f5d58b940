"""What a Pushgateway holds and how its groups are addressed. Source: prometheus/pushgateway README, "API"."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.http import Access, Answer, Request, send
from ci_reporter.system.deadline import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Key = tuple[tuple[str, str], ...]
_LARGEST = 256 * 1024**2


class Group(Frozen):
    """One group: its key, when it was last pushed (0: never with success), its metrics as the gateway lists them."""

    labels: Mapping[str, str]
    pushed_at: float
    failed_at: float
    families: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """The labels to compare with: a label without a value is the same as none."""
        return key_of(self.labels)

    def value(self, family: str, **labels: str) -> float | None:
        """The value of a metric's only sample, or of the first one with these labels."""
        return _value(self.families.get(family), labels)

    def __str__(self) -> str:
        return ", ".join(f'{name}="{value}"' for name, value in self.labels.items())


class Gateway(Frozen):
    """A Pushgateway at an address."""

    url: str
    access: Access

    def group_url(self, key: Mapping[str, str]) -> str:
        """The address of a group; values are base64, so that `/`, `.` and any script survive."""
        rest = (f"{name}@base64/{_base64(key[name])}" for name in ("job", *(each for each in key if each != "job")))
        return f"{self.url}/metrics/{'/'.join(rest)}"

    def push(self, key: Mapping[str, str], body: bytes, deadline: Deadline) -> Answer:
        """POST: replaces the families in `body`, leaves the group's others. Raises DeliveryError, Rejected."""
        headers = {"Content-Type": CONTENT_TYPE}
        answer = self._send("POST", self.group_url(key), deadline, body=body, headers=headers)
        if answer.is_page:  # a sign-in page or a front end that answers 200 to everything has taken nothing
            said = f"{self.url} answered {answer.status} with {answer.text(100)}; that is not a Pushgateway"
            raise Rejected(said, answer.status)
        return answer

    def delete(self, key: Mapping[str, str], deadline: Deadline) -> None:
        """Delete a group. Raises DeliveryError, Rejected."""
        self._send("DELETE", self.group_url(key), deadline)

    def status(self, deadline: Deadline) -> Mapping[str, Any]:
        """Tell version and flags. Raises DeliveryError, Rejected."""
        data = self._data("/api/v1/status", deadline)
        return data if isinstance(data, dict) else {}

    def groups(self, deadline: Deadline) -> list[Group]:
        """List every group it holds. Raises DeliveryError, Rejected."""
        return list(_groups(self._data("/api/v1/metrics", deadline)))

    def _data(self, path: str, deadline: Deadline) -> Any:
        answer = self._send("GET", self.url + path, deadline, limit=_LARGEST)
        try:
            return json.loads(answer.body)["data"]
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            said = self.access.mask(answer.text(100))
            raise DeliveryError(f"{self.url}{path} did not answer as a Pushgateway does: {said}") from exc

    def _send(self, method: str, url: str, deadline: Deadline, **more: Any) -> Answer:
        return send(Request(method=method, url=url, base=self.url, access=self.access, **more), deadline)


def key_of(labels: Mapping[str, str]) -> Key:
    """Labels in one order, to compare and to look up; a label without a value is the same as no label."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def _groups(data: Any) -> Iterator[Group]:
    for each in data if isinstance(data, list) else ():
        if isinstance(each, dict) and isinstance(each.get("labels"), dict):
            families = {
                name: family for name, family in each.items() if isinstance(family, dict) and "metrics" in family
            }
            yield Group(
                labels=each["labels"],
                pushed_at=_value(families.get("push_time_seconds"), {}) or 0.0,
                failed_at=_value(families.get("push_failure_time_seconds"), {}) or 0.0,
                families=families,
            )


def _value(family: Any, labels: Mapping[str, str]) -> float | None:
    try:
        found = [each["value"] for each in family["metrics"] if labels.items() <= each.get("labels", {}).items()]
        return float(found[0])
    except (TypeError, KeyError, IndexError, ValueError, AttributeError):
        return None


def _base64(value: str) -> str:
    """URL-safe base64 without padding, `=` for nothing; what UTF-8 cannot hold (a lone surrogate) becomes `?`."""
    return base64.urlsafe_b64encode(value.encode("utf-8", "replace")).decode().rstrip("=") or "="
