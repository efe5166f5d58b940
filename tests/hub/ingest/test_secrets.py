"""The text with the secrets: which holds for whom, mistakes in it, and a file that changes."""

from __future__ import annotations

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.hub.ingest.secrets import SecretsSource, parse

NAME = "CI_REPORTER_HUB_SECRETS"
OLD, NEW = "the-old-secret-of-1", "the-new-secret-of-2"


def texts(found):
    return [each.text.decode() for each in found]


def test_a_line_has_the_secrets_of_a_repository_or_of_all():
    found = parse(f"# ours\n{OLD}\n\nacme/*: {NEW} {OLD}\n")
    assert [(each.repositories, each.text.decode()) for each in found] == [
        (None, OLD),
        ("acme/*", NEW),
        ("acme/*", OLD),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    {
        "short": ("hunter2", "line 1: a secret has 7 characters, and 16 are the least"),
        "bad base64": ("\nwhsec_!!", "line 2: a secret is not a webhook secret"),
        "short key": ("whsec_aGVsbG8=", "line 1: a secret is a webhook secret of 5 bytes"),
        "no secret": ("acme/shop:", "line 1: expected `SECRET` or `REPOSITORY: SECRET...`"),
        "no repository": (f": {OLD}", "line 1: expected"),
    }.values(),
)
def test_a_mistake_is_told_by_its_line_and_without_the_secret(text, problem):
    with pytest.raises(ValueError, match=problem.replace("(", r"\(")) as raised:
        parse(text)
    assert "hunter2" not in str(raised.value)


def test_a_secret_of_a_repository_signs_for_no_other():
    source = SecretsSource(NAME, {NAME: f"acme/shop: {OLD}\nacme/*: {NEW}"})
    assert texts(source.for_repository("acme/shop")) == [OLD, NEW]
    assert texts(source.for_repository("acme/till")) == [NEW]
    assert texts(source.for_repository("evil/acme")) == []
    assert texts(source.for_repository(None)) == []


def test_a_file_is_read_again_when_it_changes(tmp_path):
    clock = iter([0.0, 0.5, 2.0, 4.0])
    path = tmp_path / "secrets"
    path.write_text(OLD)
    source = SecretsSource(NAME, {f"{NAME}_FILE": str(path)}, clock=lambda: next(clock))
    path.write_text(f"{NEW}\n{OLD}")
    assert texts(source.current()) == [OLD]  # looked half a second ago
    assert texts(source.current()) == [NEW, OLD]


@pytest.mark.parametrize("content", ["", "short", None], ids=["empty", "mistake", "gone"])
def test_a_file_with_a_mistake_leaves_the_secrets_as_they_were(tmp_path, content):
    clock = iter([0.0, 2.0, 4.0])
    path = tmp_path / "secrets"
    path.write_text(OLD)
    source = SecretsSource(NAME, {f"{NAME}_FILE": str(path)}, clock=lambda: next(clock))
    path.unlink() if content is None else path.write_text(content)
    assert texts(source.current()) == [OLD]
    assert str(path) in source.problem


def test_an_empty_file_does_not_let_everybody_in(tmp_path):
    (tmp_path / "secrets").write_text("# none yet\n")
    with pytest.raises(UsageError, match="there is no secret in it"):
        SecretsSource(NAME, {f"{NAME}_FILE": str(tmp_path / "secrets")})


def test_a_secret_is_not_shown():
    assert OLD not in repr(SecretsSource(NAME, {NAME: OLD}).current())


def test_nothing_has_to_be_signed_without_a_secret():
    assert not SecretsSource(NAME, {}).given
