import pytest

from ci_reporter.model import Run


@pytest.mark.parametrize("name", ["USER", "USERNAME"])
def test_person(read, name):
    assert read({name: "ann"}).actor == "ann"


@pytest.mark.parametrize(("field", "value"), [("provider", "local"), ("pipeline", None), ("job_name", None)])
def test_nothing_set(read, field, value):
    assert getattr(read({}), field) == value


def test_every_run_has_an_id_of_its_own(read):
    first, second = read({}), read({})
    assert isinstance(first, Run)
    assert first.ci_run_id != second.ci_run_id
