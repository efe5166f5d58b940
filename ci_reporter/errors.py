"""The errors this project raises; each owns the exit code it ends the program with.

CIReporterError          1
├── UsageError           2   an option, a variable or the configuration file is wrong
├── StateError           –   the state folder cannot be used; the wrapped command runs all the same
├── StoreError           1   the hub's database cannot be opened, read or written
├── StampError           1   an artifact cannot be stamped, or its stamp cannot be read
├── ReportFileError      1   a coverage or test report cannot be read; beside a command it is a warning
└── DeliveryError       70   a sink did not take a report (an exit code only under --strict)
    └── Rejected             ... and will not take it later either
"""


class CIReporterError(Exception):
    """Anything this project can say went wrong; the message is one sentence for a person."""

    exit_code = 1


class UsageError(CIReporterError):
    """A setting is wrong: the message names where it stands, its value and the way out."""

    exit_code = 2


class StateError(CIReporterError):
    """The state folder cannot be read or written."""


class StoreError(CIReporterError):
    """The hub's database cannot be opened, read or written: names the file and says what to do."""


class StampError(CIReporterError):
    """An artifact may not or cannot be stamped, or its stamp cannot be read: names the artifact and the reason."""


class ReportFileError(CIReporterError):
    """A report file cannot be read: names the file, the line where it is known, and what was expected there."""

    def __init__(self, path: str, problem: str, line: int | None = None) -> None:
        place = path if path.isprintable() else ascii(path)
        super().__init__(f"{place}, line {line}: {problem}" if line else f"{place}: {problem}")
        self.path = path
        self.problem = problem
        self.line = line


class DeliveryError(CIReporterError):
    """A report did not arrive; trying again later may help."""

    exit_code = 70


class Rejected(DeliveryError):
    """The other side understood and said no; the same bytes will be refused again."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
