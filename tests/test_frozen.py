"""The light base of values: what a frozen, keyword-only dataclass does."""

from __future__ import annotations

import pickle

import pytest

from ci_reporter.frozen import EMPTY, Frozen, fields, replace, required_fields


class Point(Frozen):
    x: int
    y: int = 0


class Named(Point):
    name: str
    tags: tuple = ()

    @property
    def label(self):
        return f"{self.name} at {self.x}"


def test_fields_come_in_the_order_of_their_declaration():
    assert [*fields(Named)] == ["x", "y", "name", "tags"] == [*vars(Named(name="a", x=1))]


def test_fields_have_their_annotations():
    assert fields(Point) == {"x": "int", "y": "int"}


def test_fields_without_a_default_are_required():
    assert required_fields(Named) == ("x", "name")


def test_a_default_is_used_where_nothing_is_given():
    assert (Point(x=1).x, Point(x=1).y) == (1, 0)


@pytest.mark.parametrize(("given", "said"), [({"y": 1}, "Point needs x"), ({"x": 1, "z": 2}, "Point has no field 'z'")])
def test_wrong_fields_are_a_type_error(given, said):
    with pytest.raises(TypeError, match=said):
        Point(**given)


def test_a_value_cannot_be_changed():
    point = Point(x=1)
    with pytest.raises(AttributeError, match=r"Point\.x cannot be set"):
        point.x = 2
    with pytest.raises(AttributeError, match=r"Point\.x cannot be deleted"):
        del point.x


def test_equal_values_are_equal_and_have_one_hash():
    assert Point(x=1) == Point(x=1, y=0) != Point(x=1, y=1)
    assert len({Point(x=1), Point(x=1, y=0)}) == 1


def test_values_of_two_classes_are_different():
    class Other(Frozen):
        x: int
        y: int = 0

    assert Other(x=1) != Point(x=1)


def test_replace_changes_a_copy():
    named = Named(name="a", x=1)
    assert (replace(named, x=2).label, named.label) == ("a at 2", "a at 1")


def test_replace_refuses_a_field_nobody_has():
    with pytest.raises(TypeError, match="no field 'z'"):
        replace(Point(x=1), z=1)


def test_the_text_of_a_value_shows_its_fields():
    assert repr(Named(name="a", x=1)) == "Named(x=1, y=0, name='a', tags=())"


def test_a_value_survives_pickle():
    assert pickle.loads(pickle.dumps(Point(x=1))) == Point(x=1)


def test_the_empty_mapping_cannot_be_filled():
    with pytest.raises(TypeError):
        EMPTY["a"] = 1
