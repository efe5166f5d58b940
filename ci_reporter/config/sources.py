"""All that was written for settings: options, variables, the configuration file."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config.given import Given, from_env, from_options
from ci_reporter.config.setting import PREFIX, Setting
from ci_reporter.frozen import EMPTY, Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.config.file import ConfigFile  # PyYAML is paid for only where there is a file


class Sources(Frozen):
    """Everything that was written: option values by name as `load` takes them, the environment, the file."""

    options: Mapping[str, Any] = EMPTY
    env: Mapping[str, str] = EMPTY
    file: ConfigFile | None = None

    def texts(self, setting: Setting) -> list[list[Given]]:
        """What each source gives, the strongest first. Raises UsageError."""
        in_file = self.file.texts(setting) if self.file else []
        found = (from_options(setting, self.options), from_env(setting, self.env), in_file)
        return [source for source in found if source]

    def names(self) -> frozenset[str]:
        """The names of all settings that anything is written for, as far as they may be ours."""
        variables = (name.removeprefix(PREFIX).lower() for name in self.env if name.startswith(PREFIX))
        options = (name for name, value in self.options.items() if value)
        return frozenset((*options, *variables, *(self.file.keys if self.file else ())))
