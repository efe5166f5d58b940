"""User information is masked wherever an address stands, and nothing else is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.system.userinfo import HIDDEN, mask_addresses, mask_malformed, secrets_in

PASSWORD = "hunter2pw"
TOKEN = "ghp_0123456789abcdefghij"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://u:hunter2pw@h/x", "https://***@h/x"),
        ("see https://u:hunter2pw@h:8443/x, then go on", "see https://***@h:8443/x, then go on"),
        ("HTTPS://U:hunter2pw@H/", "HTTPS://***@H/"),
        (f"https://{TOKEN}@github.com/a/b", "https://***@github.com/a/b"),
        (f"https://{TOKEN}:x-oauth-basic@github.com/a/b", "https://***@github.com/a/b"),
        (f"git+https://{TOKEN}@github.com/a/b@main#egg=x", "git+https://***@github.com/a/b@main#egg=x"),
        ("postgres://shop:hunter2pw@db:5432/x?sslmode=require", "postgres://***@db:5432/x?sslmode=require"),
        ("postgresql+psycopg://shop:hunter2pw@/x?host=/run/pg", "postgresql+psycopg://***@/x?host=/run/pg"),
        ("redis://:hunter2pw@h", "redis://***@h"),
        ("amqp://u:hunter2pw@h1,amqp://u:hunter2pw@h2", "amqp://***@h1,amqp://***@h2"),
        ("mongodb+srv://u:hunter2pw@h1.example,h2.example/db", "mongodb+srv://***@h1.example,h2.example/db"),
        ("jdbc:mysql://u:hunter2pw@h/db", "jdbc:mysql://***@h/db"),
        ("jdbc:oracle:thin:scott/hunter2pw@h:1521:XE", "jdbc:oracle:thin:***@h:1521:XE"),
        ("jdbc:postgresql://h/db?user=u&password=hunter2pw", "jdbc:postgresql://h/db?user=u&password=***"),
        (
            "jdbc:sqlserver://h;user=sa;password=hunter2pw;encrypt=true",
            "jdbc:sqlserver://h;user=sa;password=***;encrypt=true",
        ),
        ("https://h/x?a=1&access_token=hunter2pw#top", "https://h/x?a=1&access_token=***#top"),
        ("https://b.s3/x?X-Amz-Signature=hunter2pw&X-Amz-Date=1", "https://b.s3/x?X-Amz-Signature=***&X-Amz-Date=1"),
        ("https://u:hunter2pw/ha#sh?@h/x", "https://***@h/x"),
        ("https://u:p@hunter2pw@h/x", "https://***@h/x"),
        ("ssh://deploy:hunter2pw@h/x", "ssh://***@h/x"),
        ('{"url": "https:\\/\\/u:hunter2pw@h\\/x"}', '{"url": "https:\\/\\/***@h\\/x"}'),
        ("['https://u:hunter2pw@h/', 'b']", "['https://***@h/', 'b']"),
        ("https://u:hunter2pw@[::1]:80/", "https://***@[::1]:80/"),
        ("//u:hunter2pw@h/x", "//***@h/x"),
        ("src='//u:hunter2pw@h/x'", "src='//***@h/x'"),
        ("to=https%3A%2F%2Fu%3Ahunter2pw%40h%2Fx&a=b%40c", "to=https%3A%2F%2F***%40h%2Fx&a=b%40c"),
        ("https%3a//u%3ahunter2pw@h/x", "https%3a//***@h/x"),
        ("https://h/x#access_token=hunter2pw&state=1", "https://h/x#access_token=***&state=1"),
    ],
)
def test_user_information_is_masked(text, masked):
    assert mask_addresses(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        *("git@github.com:org/x", "ssh://git@github.com/org/x", "git+ssh://git@github.com/org/x", "me@example.org"),
        *("http://host/@user", "https://host:4873/@scope/package", "http://[::1]:80/@user", "a:b@c", "x: y@z"),
        *("https://host?to=me@example.org", "https://host#me@example.org", "see https://host and me@example.org"),
        *('["http://host:80","me@example.org"]', '{"u":"http://host","m":"me@example.org"}', "<http://host>me@x.org"),
        *("https://host/x?page=1&sort=key", "a && b=c; d=e", "mailto:me@example.org", "npm install @scope/x@1.2"),
        *("https://", "://", "@", "https://@host", "C:\\x@y", "docker.io/x@sha256:ab", "http://host/a:b/c@d"),
        *("// see a:b@c", "//@scope/x", "a//b:c@d", "https%3A%2F%2Fhost%2Fme%40example.org", "https%3A%2F%2Fhost"),
    ],
)
def test_what_is_not_user_information_stays(text):
    assert mask_addresses(text) == text


SCHEMES = st.sampled_from(["https", "postgres", "redis", "amqp", "git+https", "jdbc:mysql", "s3"])
USERS = st.text("abcXYZ019._~%!$&'()*+,;=-", max_size=12)
# With a password like `80/@x` or `@/x` an address has two meanings, and the one without a password is the usual one.
NOISE = st.text("abcXYZ019:@[]!$&'()*+,;=%-._~", max_size=20) | st.text(
    "abcXYZ:/?#[]!$&'()*+,;=%-._~", max_size=20
).map(lambda text: f"x{text}")


@given(st.text(), SCHEMES, USERS, NOISE, st.text())
def test_no_password_survives_whatever_is_in_it_and_around_it(before, scheme, user, noise, after):
    assert "hunter2pw" not in mask_addresses(f"{before} {scheme}://{user}:{noise}hunter2pw@host/x {after}")


@given(st.text())
def test_to_mask_twice_is_to_mask_once(text):
    assert mask_addresses(mask_addresses(text)) == mask_addresses(text)


@given(st.text().filter(lambda text: ":" not in text and "=" not in text))
def test_a_text_without_an_address_stays(text):
    assert mask_addresses(text) == text


SIZE = 1024 * 1024


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "://",
            "a://b:c/",
            " a://b:c/",
            ":",
            "@",
            "://x:",
            "://x:@",
            "://a",
            "?a",
            "?password",
            "[?&;",
            "?a=",
            "/@",
            " //a",
            " //a:",
            "%3A//a",
            "%3A%2F%2F",
        ),
        *("jdbc:oracle:thin:", "jdbc:oracle:thin:a/", "https://host:80/x me@example.org\n", ":\\/", "a@", "/@"),
    ],
)
@pytest.mark.parametrize("end", ["", " =@:"])
def test_a_large_text_without_secrets_is_read_in_linear_time(piece, end):
    """A quadratic search takes minutes for 1 MiB; processor time does not depend on what else the machine does."""
    text = piece * (SIZE // len(piece)) + end
    began = time.process_time()
    mask_addresses(text)
    assert time.process_time() - began < 5


def test_the_passwords_in_a_text_are_found_as_written_and_decoded():
    text = f"postgres://u:p%40ss@h redis://:other@h https://{TOKEN}@github.com https://ann@h"
    assert list(secrets_in(text)) == ["p%40ss", "p@ss", "other", "other", TOKEN]


def test_of_what_is_not_an_address_all_that_may_be_a_password_goes():
    assert mask_malformed("http://u:two\nwords @h/x") == f"http://{HIDDEN}@h/x"
