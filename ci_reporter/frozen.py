"""The base of the values that are needed before a command starts: what a frozen, keyword-only dataclass does, lighter.

`dataclasses` imports `inspect`, `ast` and `dis` and compiles every class: that was half of our start-up.

    class Point(Frozen):
        x: int
        y: int = 0

    Point(x=1) == Point(x=1, y=0);  replace(Point(x=1), y=2);  fields(Point) == {"x": "int", "y": "int"}

A default is shared by all values of a class, so it must be immutable: `()`, and `EMPTY` for a mapping.
"""

from __future__ import annotations

from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_promises):  # noqa: ANN003, ANN201
        """PEP 681's decorator is for type checkers; `typing` is not worth its import here."""
        return lambda cls: cls


EMPTY: Mapping[Any, Any] = MappingProxyType({})
_UNSET = object()


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Frozen:
    """A value: its fields are the annotations of its class, given by keyword, and it never changes."""

    _fields: ClassVar[dict[str, Any]] = {}
    _defaults: ClassVar[dict[str, Any]] = {}
    _required: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._fields = cls._fields | cls.__annotations__
        cls._defaults = {name: getattr(cls, name, _UNSET) for name in cls._fields}
        cls._required = tuple(name for name, default in cls._defaults.items() if default is _UNSET)

    def __init__(self, **values: Any) -> None:
        given = self._defaults | values
        if len(given) > len(self._defaults):
            raise TypeError(f"{type(self).__name__} has no field {(values.keys() - self._defaults.keys()).pop()!r}")
        if missing := [name for name in self._required if given[name] is _UNSET]:
            raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")
        self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: it is frozen (see replace)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: it is frozen")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def replace(value: T, **changes: Any) -> T:
    """The value with some of its fields changed; a frozen dataclass will do as well."""
    return type(value)(**(vars(value) | changes))


def fields(kind: type[Frozen]) -> Mapping[str, str]:
    """The fields of a class in the order of their declaration, with their annotations as they are written."""
    return kind._fields


def required_fields(kind: type[Frozen]) -> tuple[str, ...]:
    """The names of the fields that have no default."""
    return kind._required
