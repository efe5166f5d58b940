"""The sign-in, as the other pages look."""

from __future__ import annotations

from ci_reporter.hub.auth import csrf
from ci_reporter.hub.auth.login import LoginForm
from ci_reporter.hub.page.rendering import render


def login_page(shown: LoginForm) -> str:
    """The form's HTML."""
    return render("login.html", shown=shown, field=csrf.FIELD)
