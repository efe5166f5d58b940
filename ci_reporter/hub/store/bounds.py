"""How long a text may be that is looked up: an index of PostgreSQL takes 2,704 bytes, of three such texts."""

_MOST_BYTES = 800


def bounded(text: str) -> str:
    """The text, cut where it is too long for an index."""
    if len(text) * 4 <= _MOST_BYTES:
        return text
    return text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
