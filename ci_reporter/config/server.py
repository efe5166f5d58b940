"""The settings of a server that we talk to over HTTP: its address, and how it lets us in."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config.setting import PREFIX, Settings, option, setting
from ci_reporter.config.values import certificates, text
from ci_reporter.config.values import url as url_value
from ci_reporter.system.addresses import public_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Access


class Server(Settings):
    """An address with basic or bearer authentication. A user and a password may stand in the address, too."""

    url: str | None = option(None, url_value, "URL", "The address.", main=True)
    username: str | None = setting(None, text, "NAME", "Basic authentication: the user.")
    password: str | None = setting(None, text, "", "Basic authentication: the password.", secret=True)
    token: str | None = setting(None, text, "", "Bearer authentication: the token.", secret=True)
    ca: str | None = setting(
        None, certificates, "FILE", "Certificates to trust instead of the system's, PEM: a file or a folder."
    )

    def __repr__(self) -> str:
        return super().__repr__().replace(repr(self.url), repr(self.address())) if self.url else super().__repr__()

    def address(self) -> str:
        """The address without a user and a password."""
        return public_url(self.url or "")

    def access(self) -> Access:
        """How the server lets us in."""
        from ci_reporter.http import Access

        user, password = self._pair()
        return Access(username=user, password=password, token=self.token, ca=self.ca)

    def secrets(self) -> frozenset[str]:
        """The password and the token, wherever they stand."""
        password = self._pair()[1]
        return super().secrets() | ({password} if password else set())

    def problem(self) -> str | None:
        """Two ways of signing in at once: the server would be told something nobody has meant."""
        if not self.url:
            return None
        user, password = self._pair()
        name = f"{PREFIX}{self.group.upper()}"
        if self.token and (user or password):
            return (
                f"{self.group}: both a token and a user or password are set, and a server takes one of them"
                f" (unset {name}_TOKEN, or {name}_USERNAME and {name}_PASSWORD)"
            )
        if self.password and not user:
            return f"{self.group}: there is a password and no user (set {name}_USERNAME)"
        return None

    def doubt(self, env: Mapping[str, str]) -> str | None:
        """A user without a password: a mistake, or a job of a fork, whose secrets are withheld and which must not fail.

        GitHub gives such a job an empty variable, GitLab none at all.
        """
        name = f"{PREFIX}{self.group.upper()}_PASSWORD"
        if not self.url or not self.username or self._pair()[1] is not None or {name, f"{name}_FILE"} & env.keys():
            return None
        return f"{self.group}: there is a user and no password (set {name} or {name}_FILE)"

    def _pair(self) -> tuple[str | None, str | None]:
        """User and password; what is set for itself comes before what the address has."""
        given, at, _ = (self.url or "").partition("//")[2].partition("/")[0].rpartition("@")
        if not at:
            return self.username, self.password
        from urllib.parse import unquote  # only such an address needs it

        user, _, password = given.partition(":")
        return self.username or unquote(user) or None, self.password or unquote(password) or None
