"""Whom `requests` trusts by default, as a file that OpenSSL can open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def on_disk(url: str, verify: bool | str) -> Iterator[bool | str]:
    """`verify` for a request to the URL that lasts as long as the block. Raises OSError.

    True is certifi's list. Inside ci-reporter.pyz it is not on the disk, and OpenSSL takes only a path.
    """
    import certifi

    if verify is not True or not url.lower().startswith("https:") or os.path.exists(certifi.where()):
        yield verify
        return
    with _file(certifi.contents().encode()) as path:
        yield path


@contextmanager
def _file(content: bytes) -> Iterator[str]:
    """The content as a file that ends with the block.

    On Linux it is in memory: our process may be ended in the middle of a request, by `os._exit` at the deadline, and
    leaves nothing behind.
    """
    import tempfile

    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("cacert.pem")
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(suffix=".pem")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield path
    finally:
        os.close(descriptor)
        if not path.startswith("/proc/"):
            os.unlink(path)
