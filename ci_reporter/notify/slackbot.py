"""Slack's bot: it posts as a webhook does, and uploads the chart into the thread of its message.

Source: Slack's documentation, "Working with files": `files.getUploadURLExternal`, `files.completeUploadExternal`. An
upload takes three requests and the scope `files:write`; a bot without that scope posts its messages without pictures.
"""

from __future__ import annotations

from urllib.parse import urlencode

from ci_reporter.errors import Rejected
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.notifier import HttpNotifier, json_body, json_request, picture_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Access, Answer
    from ci_reporter.system.deadline import Deadline


class SlackBot(HttpNotifier):
    """What posts with a bot's token."""

    api: str
    access: Access

    @property
    def takes_charts(self) -> bool:
        """It uploads them."""
        return True

    def send_chart(self, alert: Alert, reference: str | None, deadline: Deadline) -> None:
        """Upload the charts into the thread of the message. Raises DeliveryError, Rejected."""
        channel, _, thread = (reference or "").partition(":")
        if not thread or not (image := picture_of(alert)):
            return
        try:
            self._upload(alert, image, {"channel_id": channel, "thread_ts": thread}, deadline)
        except Rejected as exc:
            if "missing_scope" not in str(exc):
                raise

    def _upload(self, alert: Alert, image: bytes, place: dict[str, str], deadline: Deadline) -> None:
        from ci_reporter.http import Request, send
        from ci_reporter.notify.picture import NAME, description

        about = {"filename": NAME, "length": len(image), "alt_txt": description(alert.charts)[:1000]}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        asked = Request(
            method="POST",
            url=f"{self.api}/files.getUploadURLExternal",
            body=urlencode(about).encode(),
            headers=kind,
            access=self.access,
        )
        given = json_body(self._post(asked, deadline))
        address, number = str(given.get("upload_url", "")), str(given.get("file_id", ""))
        if not address.startswith("https://") and self.api.startswith("https://"):
            raise Rejected("slack named no safe address to upload the picture to")
        binary = {"Content-Type": "application/octet-stream"}
        send(Request(method="POST", url=address, body=image, headers=binary), deadline)
        done = {"files": [{"id": number, "title": about["alt_txt"]}], **place}
        self._post(json_request(f"{self.api}/files.completeUploadExternal", done, access=self.access), deadline)


def message_place(answer: Answer) -> str | None:
    """What a message is called, to answer it: `C024BE91L:1503435956.000247`, its channel's id and its own."""
    body = json_body(answer)
    channel, stamp = body.get("channel"), body.get("ts")
    return (f"{channel}:{stamp}" if channel else str(stamp)) if stamp else None
