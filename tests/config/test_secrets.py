"""`X` or `X_FILE`, one way for every command."""

import pytest

from ci_reporter.config import secrets
from ci_reporter.errors import UsageError


@pytest.fixture
def file(tmp_path):
    """Make a file of a secret; its path."""

    def write(content):
        (tmp_path / "secret").write_bytes(content)
        return str(tmp_path / "secret")

    return write


def test_a_variable_comes_before_its_file():
    assert secrets.read("X", {"X": "here", "X_FILE": "/nowhere"}) == "here"


@pytest.mark.parametrize("env", [{}, {"X": ""}, {"X": " \n"}, {"X_FILE": ""}], ids=str)
def test_nothing_set_is_no_secret(env):
    assert secrets.read("X", env) is None


def test_white_space_around_a_secret_is_not_part_of_it(file):
    assert secrets.read("X", {"X": "t0ken\n"}) == secrets.read("X", {"X_FILE": file(b" t0ken\r\n")}) == "t0ken"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty (put the secret there, or unset the variable)"),
        (b" \n", "is empty (put the secret there, or unset the variable)"),
        (b"\xff", "is not UTF-8 text"),
        (b"x" * 70_000, "is larger than 64 KiB, which no secret is (name another file)"),
    ],
    ids=["empty", "blank", "binary", "large"],
)
def test_a_file_that_holds_no_secret_is_an_error(file, content, said):
    path = file(content)
    with pytest.raises(UsageError) as error:
        secrets.read("X", {"X_FILE": path})
    assert str(error.value) == f"variable X_FILE: {path} {said}"


@pytest.mark.parametrize("path", ["/nowhere", ".", "a\0b"], ids=repr)
def test_a_file_that_cannot_be_read_is_an_error(path):
    with pytest.raises(UsageError, match="variable X_FILE: cannot read "):
        secrets.read("X", {"X_FILE": path})


def test_an_empty_file_of_a_health_token_is_an_error(run_program, file):
    ended = run_program("health", "http://127.0.0.1:1", env={"CI_REPORTER_HEALTH_TOKEN_FILE": file(b"")})
    assert (ended.returncode, "is empty (put the secret there" in ended.stderr) == (2, True)


def test_an_empty_file_of_a_gates_header_is_an_error(run_program, file):
    (run_program.folder / "gate.yml").write_text(
        "gate: {url: 'http://127.0.0.1:1', headers: {X-Key: $SHOP_KEY}}\nrules: [{if: down for 15s}]\n"
    )
    ended = run_program("gate", "--rules", "gate.yml", env={"SHOP_KEY_FILE": file(b"\n")})
    assert (ended.returncode, "variable SHOP_KEY_FILE: " in ended.stderr) == (2, True)
