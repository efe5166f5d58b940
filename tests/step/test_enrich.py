"""What of the command's own words goes into its record."""

import pytest

from ci_reporter.step.draft import Draft
from ci_reporter.step.enrich import enrich
from ci_reporter.step.start import start


@pytest.fixture
def enriched(make_report):
    """The draft of a step whose command has written these measures."""

    def call(context, argv=("make", "all"), *, measures=None, masks=frozenset(), **step):
        started = start(context, make_report(context, **step))
        if measures is not None:
            with open(context.journal.measures_path(started.report.report_id), "w", encoding="utf-8") as file:
                file.write(measures)
        return enrich(context, Draft(report=started.report), argv, masks)

    return call


def test_measures_are_read_once(enriched, make_context):
    context = make_context(measures=["given=1"])
    draft = enriched(context, measures="size=3\nscore=0.5\n")
    assert draft.report.measures == {"given": 1, "size": 3, "score": 0.5}
    assert enrich(context, draft, ("make",), frozenset()).report.measures == draft.report.measures


def test_only_the_first_word_of_the_command_is_kept(enriched, make_context):
    assert enriched(make_context()).report.step.command == "make"


def test_the_whole_command_is_kept_when_asked(enriched, make_context):
    context = make_context(env={"API_TOKEN": "s3cr3t-value"}, record_command=True)
    assert enriched(context, ("make", "a b", "s3cr3t-value")).report.step.command == "make 'a b' '***'"


def test_what_the_command_masked_is_hidden(enriched, make_context):
    draft = enriched(make_context(), masks=frozenset({"hunter2"}), output_tail="it is hunter2\n")
    assert draft.report.step.output_tail == "it is ***\n"


def test_a_secret_in_a_tag_is_hidden(enriched, make_context):
    context = make_context(env={"API_TOKEN": "s3cr3t-value"}, tags=["who=s3cr3t-value"])
    assert enriched(context).report.tags == {"who": "***"}


def test_no_field_of_the_run_keeps_a_password(run_program):
    env = {"CI_REPORTER_BRANCH": "https://u:hunter2pw@h/b", "CI_REPORTER_ACTOR": "me@shop.example"}
    run_program("run", "--", "true", env=env)
    (record,) = run_program.records()
    assert (record["branch"], record["actor"]) == ("https://***@h/b", "me@shop.example")
    assert "hunter2pw" not in (run_program.state / "steps.ndjson").read_text()
