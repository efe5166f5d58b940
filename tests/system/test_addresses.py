"""Addresses as they may be shown to anybody."""

import pytest

from ci_reporter.system.addresses import public_url


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://ann:secret@host/acme/shop.git", "https://host/acme/shop.git"),
        ("https://token@host:8443/acme/shop", "https://host:8443/acme/shop"),
        ("https://ann:p@ss@host/acme/shop", "https://host/acme/shop"),
        ("https://ann:secret@host?x=1", "https://host?x=1"),
        ("ssh://git@host/acme/shop", "ssh://host/acme/shop"),
        ("//ann:secret@host/x", "//host/x"),
        ("git@host:acme/shop.git", "git@host:acme/shop.git"),
        ("https://host/@acme/shop", "https://host/@acme/shop"),
        ("https://host?to=me@example.org", "https://host?to=me@example.org"),
        ("https://host", "https://host"),
        ("", ""),
    ],
)
def test_an_address_loses_its_user_information_and_nothing_else(url, public):
    assert public_url(url) == public
