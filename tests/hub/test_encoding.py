"""Accept-Encoding."""

import pytest

from ci_reporter.hub.encoding import accepts_gzip

WANTED = {
    "gzip": True,
    "br, GZIP": True,
    "x-gzip": True,
    "*": True,
    "gzip;q=0.5": True,
    "gzip; q=1.0, identity; q=0.5": True,
    "": False,
    "br": False,
    "gzip;q=0": False,
    "gzip;q=0, *": False,
    "*;q=0": False,
    "gzip;q=0.5, identity": False,
    "gzip;q=much": False,
}


@pytest.mark.parametrize(("given", "wanted"), WANTED.items())
def test_gzip_is_for_who_wants_it(given, wanted):
    assert accepts_gzip([(b"accept-encoding", given.encode())]) == wanted


def test_who_says_nothing_gets_no_encoding():
    assert not accepts_gzip([(b"host", b"hub")])
