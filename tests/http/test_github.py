"""GitHub's API: jobs and comments as values, and what becomes of every other answer."""

import time

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.http.github import GitHub, github_api
from ci_reporter.system.deadline import Deadline
from tests import vendors
from tests.conftest import free_port
from tests.vendors import GITHUB_TOKEN, github_job, said, serving

RUN = "17012345678"


@pytest.fixture
def fake():
    return vendors.GitHub(jobs=[github_job()])


@pytest.fixture
def github(fake):
    with serving(fake) as url:
        yield at(url)


def at(url, token=GITHUB_TOKEN, **remedies):
    return GitHub(api=github_api(url, token, remedies), repository="acme/shop")


def jobs(github, seconds=5.0):
    return github.jobs(RUN, "1", Deadline(seconds))


def failure(answer, seconds=5.0):
    """What is raised when a server answers so."""
    with serving(lambda asked: answer) as url, pytest.raises(DeliveryError) as caught:
        jobs(at(url), seconds)
    return caught.value


def test_a_job_has_name_end_times_runner_and_address(github):
    (job,) = jobs(github)
    assert (job.id, job.name, job.status, job.ended) == ("1", "lint", "success", True)
    assert (job.started_at, job.finished_at) == ("2026-01-31T12:00:00.000Z", "2026-01-31T12:01:30.000Z")
    assert (job.runner, job.labels, job.attempt) == ("runner 1", "ubuntu-latest", "1")
    assert job.url == "https://github.com/acme/shop/actions/runs/17012345678/job/1"


@pytest.mark.parametrize(
    ("conclusion", "status", "ended"),
    [
        ("failure", "failure", True),
        ("timed_out", "timed_out", True),
        ("neutral", "success", True),
        ("action_required", "skipped", True),
        (None, "in_progress", False),
    ],
)
def test_the_end_of_a_job_is_its_conclusion(fake, github, conclusion, status, ended):
    fake.jobs = [github_job(conclusion=conclusion)]
    (job,) = jobs(github)
    assert (job.status, job.ended) == (status, ended)


def test_every_page_is_read(fake, github):
    fake.jobs = [github_job(number) for number in range(1, 251)]
    assert [job.id for job in jobs(github)] == [str(number) for number in range(1, 251)]
    assert len(fake.asked) == 3


def test_the_token_goes_to_no_other_server(fake):
    """The address of the next page names another host; it is asked where the first page was."""
    fake.jobs = [github_job(number) for number in range(101)]
    with serving(fake) as url:
        jobs(at(url))
    assert {each.headers["host"] for each in fake.asked} == {url.removeprefix("http://")}


def test_a_list_without_an_end_is_given_up():
    answer = said(200, {"jobs": []}, Link='<https://x/?page=2>; rel="next"')
    given_up = pytest.raises(DeliveryError, match=r"github has more than 100 pages at /repos/acme/shop")
    with serving(lambda asked: answer) as url, given_up:
        jobs(at(url), 20)


@pytest.mark.parametrize(
    ("token", "private", "words"),
    [
        ("wrong-wrong", True, "github refused: Bad credentials"),
        (None, True, "github refused: Not Found"),
    ],
)
def test_what_it_does_not_show_is_refused(fake, token, private, words):
    with serving(fake) as url, pytest.raises(Rejected, match=words):
        jobs(at(url, token))


def test_a_public_repository_needs_no_token(fake):
    fake.private = False
    with serving(fake) as url:
        assert len(jobs(at(url, None))) == 1


def test_a_refusal_has_the_way_out_of_who_asked(fake):
    fake.may = ()
    api = github_api("http://x", GITHUB_TOKEN, {403: "the token needs `actions: read`"})
    with serving(fake) as url, pytest.raises(Rejected) as caught:
        jobs(GitHub(api=github_api(url, GITHUB_TOKEN, api.remedies), repository="acme/shop"))
    assert str(caught.value) == (
        "github refused: Resource not accessible by integration (the token needs `actions: read`)"
    )


@pytest.mark.parametrize(
    "first",
    [
        said(403, {"message": "You have exceeded a secondary rate limit."}, Retry_After="0"),
        said(403, {"message": "no"}, X_RateLimit_Remaining="0", X_RateLimit_Reset="1"),
        said(429, {}, Retry_After="0"),
        said(502, {"message": "Server Error"}),
    ],
    ids=["secondary", "primary", "429", "502"],
)
def test_what_may_pass_is_asked_again(fake, first):
    fake.before = lambda asked: first if len(fake.asked) == 1 else None
    with serving(fake) as url:
        assert len(jobs(at(url))) == 1


def test_a_limit_that_lasts_longer_than_the_time_left_is_said_at_once():
    reset = str(int(time.time()) + 999)
    began = time.monotonic()
    found = failure(
        said(403, {"message": "API rate limit exceeded"}, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
    )
    assert str(found) == "github said: API rate limit exceeded"
    assert not isinstance(found, Rejected)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><title>Sign in</title></html>", "github refused: a web page: Sign in"),
        (b"", "github refused: status 200"),
        (b'"text"', "github refused"),
        (b"[" * 100_000, "github refused"),
        (b"\xff\xfe", "github refused"),
        (b"{}", "a list of objects is missing"),
        (b'{"jobs": 1}', "a list of objects is missing"),
        (b'{"jobs": [1]}', "a list of objects is missing"),
        (b'{"jobs": [{"id": 1}]}', "the id, name or status of a job is missing"),
        (b'{"jobs": [{"id": true, "name": "x", "status": "y"}]}', "the id, name or status of a job is missing"),
    ],
)
def test_an_answer_that_is_something_else_is_said(body, words):
    assert words in str(failure((200, {}, body)))


def test_words_of_the_server_are_one_short_line_without_the_token():
    words = str(failure(said(422, {"message": f"no\n::error::{GITHUB_TOKEN}\x1b[31m" + "x" * 999})))
    assert words.isprintable()
    assert GITHUB_TOKEN not in words
    assert len(words) < 300


def test_texts_of_a_job_are_bounded(fake, github):
    hostile = github_job(
        name="x\n\x1b[31m" + "y" * 9999, html_url="javascript:alert(1)", started_at="0001-01-01T00:00:00Z"
    )
    fake.jobs = [hostile | {"labels": [1, "a\nb"], "runner_name": {}, "completed_at": "soon"}]
    (job,) = jobs(github)
    assert (len(job.name), job.name.isprintable(), job.labels) == (500, True, "a b")
    assert (job.url, job.runner, job.started_at, job.finished_at) == (None, None, None, None)


def test_a_server_that_is_away_is_said():
    with pytest.raises(DeliveryError, match="connection refused"):
        jobs(at(f"http://127.0.0.1:{free_port()}"))


def test_a_server_that_says_nothing_takes_no_longer_than_the_deadline(vendor):
    server = vendor(lambda connection, over: over.wait(10))
    with pytest.raises(DeliveryError, match=r"no answer from .* within 0\.3 s"):
        jobs(at(server.url), 0.3)


def test_an_answer_that_drips_takes_no_longer_than_the_deadline(vendor):
    def drip(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not over.wait(0.05):
            connection.sendall(b"[")

    with pytest.raises(DeliveryError, match=r"no answer from .* within 0\.3 s"):
        jobs(at(vendor(drip).url), 0.3)


def test_an_answer_that_is_huge_is_refused(vendor):
    def flood(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.is_set():
            connection.sendall(b" " * 1024 * 1024)

    with pytest.raises(DeliveryError, match="github's answer is larger than 32 MiB"):
        jobs(at(vendor(flood).url), 20)


def test_a_comment_is_written_changed_and_deleted(fake, github):
    deadline = Deadline(5)
    made = github.create_comment("7", "hello", deadline)
    github.update_comment("7", made.id, "better", deadline)
    assert [(each.id, each.author, each.body) for each in github.comments("7", deadline)] == [
        (made.id, "github-actions[bot]", "better")
    ]
    github.delete_comment("7", made.id, deadline)
    assert fake.comments == []


def test_the_author_is_the_tokens(github):
    assert github.author(Deadline(5)) == "github-actions[bot]"


def test_on_a_server_of_ones_own_the_author_is_asked_beside_the_rest(fake):
    seen = []
    with serving(lambda asked: seen.append(asked.path) or said(200, {"data": {"viewer": {"login": "ada"}}})) as url:
        assert at(f"{url}/api/v3").author(Deadline(5)) == "ada"
    assert seen == ["/api/graphql"]


def test_an_author_that_is_not_told_is_an_error():
    said_so = pytest.raises(DeliveryError, match="github does not say whose token it is")
    with serving(lambda asked: said(200, {"errors": [{"message": "no"}]})) as url, said_so:
        at(url).author(Deadline(5))


def test_a_body_that_is_too_long_is_refused_in_its_words(github):
    with pytest.raises(Rejected, match=r"Body is too long \(maximum is 65536 characters\)"):
        github.create_comment("7", "x" * 65_537, Deadline(5))


@pytest.mark.parametrize("node", [{}, {"id": "1"}, {"id": None, "body": "x"}])
def test_a_comment_without_its_number_is_not_one(node):
    said_so = pytest.raises(DeliveryError, match="the id of a comment is missing")
    with serving(lambda asked: said(200, [node])) as url, said_so:
        list(at(url).comments("7", Deadline(5)))


def test_revisions_are_compared():
    commits = [
        {"sha": "b" * 40, "commit": {"message": "count the tax once\n\nTwice was wrong.", "author": {"name": "Ada"}}},
        {"sha": "c" * 40, "commit": {"message": "round it", "author": {"name": "Bob"}}},
    ]
    files = [{"filename": "cart.py", "additions": 3, "deletions": 1}, {"filename": "tax.py", "additions": 2}]
    page = "https://github.com/acme/shop/compare/a...c"
    body = {"total_commits": 2, "commits": commits, "files": files, "html_url": page}
    asked = []
    with serving(lambda each: asked.append(each) or said(200, body)) as url:
        found = at(url).compare("a" * 40, "c" * 40, Deadline(5))
    assert asked[0].path == f"/repos/acme/shop/compare/{'a' * 40}...{'c' * 40}"
    assert [(each.subject, each.author) for each in found.changes] == [
        ("count the tax once", "Ada"),
        ("round it", "Bob"),
    ]
    assert (found.total, found.files, found.additions, found.deletions, found.url) == (2, 2, 5, 1, page)


def test_a_list_of_files_that_is_cut_is_not_counted():
    body = {"total_commits": 400, "commits": [], "files": [{"additions": 1, "deletions": 1}] * 300}
    with serving(lambda asked: said(200, body)) as url:
        found = at(url).compare("a", "c", Deadline(5))
    assert (found.total, found.files, found.additions) == (400, None, None)
