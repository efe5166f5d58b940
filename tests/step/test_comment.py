"""The comment of a run: one for each key, ours, with the text of the newest run."""

import threading

import pytest

from ci_reporter.errors import Rejected
from ci_reporter.frozen import replace
from ci_reporter.http.github import GitHub, github_api
from ci_reporter.http.gitlab import GitLab, gitlab_api
from ci_reporter.model import Run
from ci_reporter.step.comment import Fate, body, key_of, write_comment
from ci_reporter.system.deadline import Deadline
from tests import vendors
from tests.vendors import GITHUB_TOKEN, GITLAB_TOKEN, OURS, said, serving

RUN = Run(pipeline_id="170", attempt="1")


def github(fake):
    with serving(fake) as url:
        yield fake, GitHub(api=github_api(url, GITHUB_TOKEN), repository="acme/shop")


def gitlab(fake):
    with serving(fake) as url:
        yield fake, GitLab(api=gitlab_api(f"{url}/api/v4", GITLAB_TOKEN), project="acme/shop")


@pytest.fixture(params=[(github, vendors.GitHub), (gitlab, vendors.GitLab)], ids=["github", "gitlab"])
def both(request):
    """The fake, and the client for it."""
    serve, fake = request.param
    yield from serve(fake())


@pytest.fixture
def on_github():
    yield from github(vendors.GitHub())


def write(api, text="hello", key="CI", run=RUN):
    return write_comment(api, "7", body(text, key, run), Deadline(5))


def texts(fake):
    return [each["body"].split("\n", 1)[1].strip() for each in fake.comments]


def by(login, text, number=1):
    """A comment of somebody, as both list it."""
    return {"id": number, "user": {"login": login}, "author": {"username": login}, "body": text}


def test_the_first_run_writes_it_and_later_ones_give_it_a_new_text(both):
    fake, api = both
    fates = [write(api, "one"), write(api, "two"), write(api, "two")]
    assert fates == [Fate.CREATED, Fate.UPDATED, Fate.UNCHANGED]
    assert texts(fake) == ["two"]


def test_each_key_has_a_comment_of_its_own(both):
    fake, api = both
    write(api, "a", key="CI")
    write(api, "b", key="CI-nightly")
    assert texts(fake) == ["a", "b"]


def test_it_is_found_among_three_hundred_others(both):
    fake, api = both
    fake.comments = [by("ada", f"comment {number}", number) for number in range(300)]
    write(api, "one")
    fake.asked.clear()
    assert write(api, "two") is Fate.UPDATED
    assert len(fake.comments) == 301
    assert len(fake.seen("GET")) == 4


def test_a_marker_that_somebody_else_wrote_is_not_ours(both):
    """What we put into their comment they could change."""
    fake, api = both
    fake.comments = [by("mallory", "<!-- ci-reporter:CI -->\nmine")]
    assert write(api, "ours") is Fate.CREATED
    assert texts(fake) == ["mine", "ours"]


def test_a_quoted_marker_is_not_the_comment(on_github):
    fake, api = on_github
    fake.comments = [by(OURS, "> <!-- ci-reporter:CI -->\n> quoted")]
    assert write(api) is Fate.CREATED


def test_who_we_are_is_asked_only_where_somebody_has_our_marker(on_github):
    fake, api = on_github
    write(api)
    assert "/graphql" not in [each.path for each in fake.asked]


def test_of_two_that_were_written_at_once_the_older_stays(both):
    """Another job writes its comment between our look and ours."""
    fake, api = both

    def another(asked):
        if asked.method == "POST" and "graphql" not in asked.path and not fake.comments:
            fake.comments.append(by(fake.login, "<!-- ci-reporter:CI -->\ntheirs", 5))

    fake.before = another
    assert write(api, "ours") is Fate.UPDATED
    assert (len(fake.comments), fake.comments[0]["id"], texts(fake)) == (1, 5, ["ours"])


def test_a_comment_whose_answer_was_lost_is_not_there_twice(both):
    """It was written, and a proxy answered 502: it is written once more, and the younger one deleted."""
    fake, api = both
    lost = []

    def lose(asked):
        if asked.method == "POST" and not lost:
            lost.append(fake.answer(asked))
            return said(502, {"message": "Bad Gateway"})
        return None

    fake.before = lose
    assert write(api) is Fate.UNCHANGED
    assert texts(fake) == ["hello"]


def test_many_jobs_at_once_leave_one(both):
    fake, api = both
    threads = [threading.Thread(target=write, args=(api, f"job {number}")) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    write(api, "last")
    assert texts(fake) == ["last"]


def test_younger_ones_of_ours_are_deleted_by_the_next_run(both):
    fake, api = both
    fake.comments = [by(fake.login, "<!-- ci-reporter:CI -->\nx", number) for number in (3, 4, 5)]
    assert write(api, "new") is Fate.UPDATED
    assert [each["id"] for each in fake.comments] == [3]


@pytest.mark.parametrize(
    ("number", "attempt", "fate"),
    [("169", "1", Fate.NEWER), ("170", "1", Fate.NEWER), ("170", "3", Fate.UPDATED), ("171", "1", Fate.UPDATED)],
)
def test_an_older_run_that_ends_late_does_not_undo_a_newer_ones(on_github, number, attempt, fate):
    fake, api = on_github
    write(api, "there", run=replace(RUN, attempt="2"))
    assert write(api, "new", run=replace(RUN, pipeline_id=number, attempt=attempt)) is fate
    assert texts(fake) == ["there" if fate is Fate.NEWER else "new"]


def test_a_server_that_writes_other_line_ends_has_the_same_text(on_github):
    fake, api = on_github
    write(api, "a\nb")
    fake.comments[0]["body"] = fake.comments[0]["body"].replace("\n", "\r\n")
    assert write(api, "a\nb") is Fate.UNCHANGED


def test_a_token_that_may_only_read_is_refused(on_github):
    fake, api = on_github
    fake.may = ()
    with pytest.raises(Rejected, match="Resource not accessible by integration"):
        write(api)


def test_one_that_cannot_be_deleted_does_not_stop_the_rest(on_github):
    fake, api = on_github
    fake.comments = [by(OURS, "<!-- ci-reporter:CI -->\nx", number) for number in (3, 4)]
    fake.before = lambda asked: said(403, {"message": "Forbidden"}) if asked.method == "DELETE" else None
    assert write(api, "new") is Fate.UPDATED


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("CI", "CI"),
        ("Build & Test", "Build-Test"),
        ("a --> <b> -- c", "a-b-c"),
        ("", "default"),
        ("测试", "default"),
        ("x" * 200, "x" * 100),
    ],
)
def test_a_key_of_a_name_ends_no_comment_of_html(name, key):
    assert key_of(name) == key


def test_no_line_is_an_order_to_gitlab():
    text = body("/close\n  /merge\n- /x\n```\n/kept\n```\n/assign @me", "CI", RUN).text
    assert [line.strip()[:8] for line in text.splitlines()[1:]] == [
        "&#8203;/",
        "&#8203;/",
        "- /x",
        "```",
        "/kept",
        "```",
        "&#8203;/",
    ]


def test_a_run_without_a_number_is_never_older(on_github):
    _, api = on_github
    write(api, "there")
    assert write(api, "new", run=Run()) is Fate.UPDATED
