"""What a setting is, and a class of them: each is declared once, as the default of a field.

    class KafkaSettings(Settings, group="kafka"):
        brokers: tuple[str, ...] = option((), values.text, "HOST", "Send each step there.", many=True, main=True)
        topic: str = setting("ci", values.text, "NAME", "The topic. Default: ci.")
        password: str | None = setting(None, values.text, "", "The password.", secret=True)

Options, variables, keys of `.ci-reporter.yml`, help and the reference page follow from the declaration:

    --kafka HOST    CI_REPORTER_KAFKA, CI_REPORTER_KAFKA_BROKERS    kafka: HOST           or  kafka: {brokers: HOST}
                    CI_REPORTER_KAFKA_TOPIC                         kafka_topic: builds   or  kafka: {topic: builds}
                    CI_REPORTER_KAFKA_PASSWORD, …_FILE

Declarations are read before the wrapped command starts, so nothing here imports more than it must.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ci_reporter.config.values import flag
from ci_reporter.frozen import Frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

PREFIX = "CI_REPORTER_"


class Setting(Frozen):
    """What is known of one setting. `many` values add up, one an item; `pairs` are `name=value` items.

    A group is switched on by its `main` setting, which also goes by the group's name alone. `own_name` and
    `own_variable` are for names that do not follow from key and group.
    """

    help: str
    parse: Callable[[str], Any]
    default: Any = None
    metavar: str = ""
    key: str = ""
    field: str = ""
    group: str = ""
    own_name: str = ""
    own_variable: str = ""
    many: bool = False
    pairs: bool = False
    secret: bool = False
    option: bool = False
    main: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether it is a yes-or-no setting, an option without a value."""
        return self.parse is flag

    @property
    def name(self) -> str:
        """Its name among all settings: `timeout`, `pushgateway`, `pushgateway_username`."""
        if self.own_name or not self.group:
            return self.own_name or self.key
        return self.group if self.main else f"{self.group}_{self.key}"

    @property
    def flag(self) -> str:
        """Its option."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def option_field(self) -> str:
        """Its name among the options that were given."""
        return self.group if self.main else self.field

    @property
    def variable(self) -> str:
        """Its variable."""
        return self.own_variable or f"{PREFIX}{self.name.upper()}"

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables that give it: the main setting of a group has a second one, with its key."""
        return (self.variable, f"{self.variable}_{self.key.upper()}") if self.main else (self.variable,)

    @property
    def file_key(self) -> str:
        """Its key in the configuration file: a plural where it holds several."""
        return f"{self.name}s" if self.pairs else self.name


def setting(default: Any, parse: Callable[[str], Any], metavar: str, help: str, **more: Any) -> Any:  # noqa: A002
    """Declare a setting that is a variable and a key of the configuration file."""
    return Setting(default=default, parse=parse, metavar=metavar, help=help, **more)


def option(default: Any, parse: Callable[[str], Any], metavar: str, help: str, **more: Any) -> Any:  # noqa: A002
    """Declare a setting that is an option, too. In a group only the main setting can be one."""
    return Setting(default=default, parse=parse, metavar=metavar, help=help, option=True, **more)


class Settings(Frozen):
    """Declared settings with their values. A subclass has those of its base, too, under its own group."""

    if TYPE_CHECKING:
        group: ClassVar[str]
        declared: ClassVar[tuple[Setting, ...]]
    else:
        group, declared = "", ()

    def __init_subclass__(cls, group: str = "") -> None:
        found = {each.field: each for each in cls.declared}
        for name in cls.__annotations__:
            each = cls.__dict__.get(name)
            if isinstance(each, Setting):
                found[name] = replace(each, field=name, key=each.key or name)
                setattr(cls, name, each.default)
        cls.group = group
        cls.declared = tuple(replace(each, group=group) for each in found.values())
        super().__init_subclass__()

    def __repr__(self) -> str:
        secret = {each.field for each in self.declared if each.secret}
        shown = (f"{name}={'***' if name in secret and value else value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def is_set(self) -> bool:
        """Whether the group is switched on: its main setting has a value."""
        return any(each.main and getattr(self, each.field) for each in self.declared)

    def secrets(self) -> frozenset[str]:
        """The values of its secrets."""
        found = (getattr(self, each.field) for each in self.declared if each.secret)
        return frozenset(value for value in found if value)

    def problem(self) -> str | None:
        """What is wrong with these settings together, as a sentence with the way out."""
        return None

    def doubt(self, env: Mapping[str, str]) -> str | None:  # noqa: ARG002
        """What may be a mistake, or may be as this job has to have it; as a sentence with the way out."""
        return None
