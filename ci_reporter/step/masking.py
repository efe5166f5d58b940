"""Which secrets a step knows."""

from __future__ import annotations

from ci_reporter.context import Context
from ci_reporter.system.masking import Masking, secrets_of


def masking_of(context: Context, more: frozenset[str] = frozenset()) -> Masking:
    """Knows the secrets of the environment, of our own settings, and `more`."""
    masking = Masking(secrets_of(context.env) | more)
    masking.add(context.config.secrets())
    return masking
