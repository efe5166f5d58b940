"""What the program says of itself, and to a name that it does not know."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu", "--", "true"], "no command named 'rnu' (perhaps you meant 'run')"),
        (["coverage", "shwo"], "no command named 'shwo' (perhaps you meant 'show')"),
        (["qqq"], "no command named 'qqq' (known: "),
    ],
)
def test_a_command_nobody_knows_is_answered_with_the_nearest(run_program, arguments, said):
    ended = run_program(*arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


@pytest.mark.parametrize("variable", ["CI_REPORTER_BUDGET", "CI_REPORTER_DIR", "CI_REPORTER_PUSHGATEWAY_TOKEN[_FILE]"])
def test_the_help_of_run_names_settings_that_are_variables_only(run_program, variable):
    before, _, after = run_program("run", "--help").stdout.partition("Variables without an option")
    assert variable in after
    assert variable not in before
