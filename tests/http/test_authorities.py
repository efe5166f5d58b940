"""Whom `requests` trusts, as a file that OpenSSL can open."""

import os

from ci_reporter.http import authorities


def test_a_list_on_the_disk_is_left_to_requests():
    with authorities.on_disk("https://gw", True) as verify:
        assert verify is True


def test_a_file_that_somebody_named_is_taken_as_it_is():
    with authorities.on_disk("https://gw", "own.pem") as verify:
        assert verify == "own.pem"


def test_a_list_that_is_not_on_the_disk_is_a_file_while_the_request_lasts():
    with authorities._file(b"PEM") as path, open(path, "rb") as file:
        assert file.read() == b"PEM"
    assert not os.path.exists(path)
