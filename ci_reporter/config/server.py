"""The settings of a server that we talk to over HTTP: its address, and how it lets us in."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config import values
from ci_reporter.config.setting import PREFIX, Settings, option, setting
from ci_reporter.system.addresses import public_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Access


class Server(Settings):
    """An address with basic or bearer authentication. A user and a password may stand in the address, too."""

    url: str | None = option(None, values.url, "URL", "The address.", main=True)
    username: str | None = setting(None, values.text, "NAME", "Basic authentication: the user.")
    password: str | None = setting(None, values.text, "", "Basic authentication: the password.", secret=True)
    token: str | None = setting(None, values.text, "", "Bearer authentication: the token.", secret=True)
    ca: str | None = setting(
        None, values.certificates, "FILE", "Certificates to trust instead of the system's, PEM: a file or a folder."
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

    def problem(self, env: Mapping[str, str]) -> str | None:
        """Two ways of signing in at once, or half of one: the server would be told something nobody has meant.

        An empty variable stands for a secret that this job may not have, such as that of a fork: no mistake.
        """
        if not self.url:
            return None
        user, password = self._pair()
        name = f"{PREFIX}{self.group.upper()}"
        if self.token and (user or password):
            return (
                f"{self.group}: both a token and a user or password are set, and a server takes one of them"
                f" (unset {name}_TOKEN, or {name}_USERNAME and {name}_PASSWORD)"
            )
        withheld = {f"{name}_PASSWORD", f"{name}_PASSWORD_FILE"} & env.keys()
        if self.username and password is None and not withheld:
            return f"{self.group}: there is a user and no password (set {name}_PASSWORD or {name}_PASSWORD_FILE)"
        if self.password and not user:
            return f"{self.group}: there is a password and no user (set {name}_USERNAME)"
        return None

    def _pair(self) -> tuple[str | None, str | None]:
        """User and password; what is set for itself comes before what the address has."""
        given, at, _ = (self.url or "").partition("//")[2].partition("/")[0].rpartition("@")
        if not at:
            return self.username, self.password
        from urllib.parse import unquote  # only such an address needs it

        user, _, password = given.partition(":")
        return self.username or unquote(user) or None, self.password or unquote(password) or None
