"""The command's output as log lines of this run: `--wrap-logs`."""

from __future__ import annotations

import time

from ci_reporter.context import Context, masking_of
from ci_reporter.logs.wrapping import OutputWrapper, Wrapper, fields_of
from ci_reporter.model import Run, rfc3339
from ci_reporter.system.masking import masks_in

_COMMAND = b"::"  # begins a workflow command of GitHub's: ::add-mask::VALUE, ::error::TEXT


def output_wrapper(context: Context, run: Run, traceparent: str) -> OutputWrapper:
    """Wrap one stream of the command. On GitHub its workflow commands go on as they are, or they would do nothing."""
    fields = fields_of(run, context.env.get("OTEL_SERVICE_NAME"), traceparent)
    wrapper = Wrapper(fields, masking_of(context), lambda: rfc3339(time.time()))
    on_github = context.env.get("GITHUB_ACTIONS") == "true"

    def passes(line: bytes) -> bool:
        if found := masks_in(line):
            wrapper.masking.add(found)
        return on_github and line.startswith(_COMMAND)

    return OutputWrapper(wrapper, passes)
