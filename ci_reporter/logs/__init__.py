"""Logs that name the run: set-up of structlog, the context of a request, and what carries it on."""
