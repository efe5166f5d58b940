"""Why the state folder cannot be used, and what to do."""

import errno
import os

import pytest

from ci_reporter.journal.files import reason


@pytest.fixture
def foreign(tmp_path):
    """A folder of somebody else, and whose it is."""
    if os.geteuid():
        return "/", "root"
    os.chown(tmp_path, 12345, -1)
    return str(tmp_path), "user 12345"


def test_a_folder_of_somebody_else_is_to_be_given_to_us(foreign):
    folder, owner = foreign
    said = reason(folder, PermissionError(errno.EACCES, "Permission denied"))
    assert said.startswith(f"Permission denied; it belongs to {owner} (`sudo chown -R {os.geteuid()} {folder}`, or set")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_another_folder_may_be_set(tmp_path, number):
    said = reason(str(tmp_path), OSError(number, "no"))
    assert said == "no (set CI_REPORTER_DIR to a folder that you can write to)"


def test_a_full_disk_has_no_such_way_out(tmp_path):
    assert reason(str(tmp_path), OSError(errno.ENOSPC, "No space left on device")) == "No space left on device"
