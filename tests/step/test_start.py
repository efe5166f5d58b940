"""A step starts: the durable note, and a step that goes on without one."""

from ci_reporter.step.start import start


def test_a_step_that_starts_is_noted(make_context, make_report):
    context = make_context()
    started = start(context, make_report(context))
    assert started.running.report == started.report
    assert (started.warnings, started.running.path.startswith(context.journal.running)) == ((), True)


def test_a_folder_that_cannot_be_used_is_a_warning_with_its_consequence(make_context, make_report, tmp_path):
    (tmp_path / "file").write_text("")
    context = make_context(env={"CI_REPORTER_DIR": "file"})
    started = start(context, make_report(context), "the command runs all the same")
    assert started.running is None
    assert started.warnings[0].endswith("; the command runs all the same")


def test_a_new_report_has_the_words_of_the_settings(make_context, make_report):
    context = make_context(tags=["team=web"], measures=["size=3"], environment="staging")
    report = make_report(context)
    assert (report.tags, report.measures, report.environment) == ({"team": "web"}, {"size": 3}, "staging")


def test_a_password_in_a_name_is_masked(make_context, make_report):
    report = make_report(make_context(environment="https://u:hunter2pw@h/"), name="clone https://u:hunter2pw@h/x")
    assert (report.step.name, report.environment) == ("clone https://***@h/x", "https://***@h/")


def test_a_secret_that_is_a_steps_name_does_not_rename_it(make_context, make_report):
    assert make_report(make_context(env={"DB_PASSWORD": "unit"}), name="unit").step.name == "unit"
