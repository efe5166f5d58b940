"""All routes, each declared once."""

from __future__ import annotations

from ci_reporter.hub.api import params, runs, schemas, series, steps
from ci_reporter.hub.api.route import Route

_NO_RUN = {404: "There is no such run.", 409: "Several repositories have a run of this id: name one."}
_OF_STEPS = (*params.OF_SERIES, *params.OF_TIME, *params.OF_PAGE)

ROUTES: tuple[Route, ...] = (
    Route(
        path="/runs",
        summary="Runs, newest first.",
        answer=runs.runs,
        schema=schemas.page(schemas.RUN),
        params=(*params.OF_RUN, params.RESULT, *params.OF_TIME, *params.OF_PAGE),
    ),
    Route(
        path="/runs/{ci_run_id}",
        summary="A run with its steps.",
        answer=runs.one_run,
        schema=schemas.RUN_WITH_STEPS,
        params=(params.REPOSITORY,),
        more_statuses=_NO_RUN,
    ),
    Route(
        path="/steps",
        summary="Steps, newest first.",
        answer=steps.steps,
        schema=schemas.page(schemas.STEP),
        params=(*params.OF_SERIES, params.RESULT, params.CI_RUN_ID, *params.OF_TIME, *params.OF_PAGE),
    ),
    Route(
        path="/steps/{report_id}",
        summary="A step, with the end of its output where that was sent.",
        answer=steps.one_step,
        schema=schemas.STEP,
        more_statuses={404: "There is no such report."},
    ),
    Route(
        path="/series",
        summary="Series (repository, pipeline, job, step, branch) by name, with their last ten steps.",
        answer=series.series,
        schema=schemas.page(schemas.SERIES),
        params=(*params.OF_SERIES, *params.OF_PAGE),
    ),
    Route(
        path="/pipelines",
        summary="Pipelines by name, each branch for itself, with their last ten runs.",
        answer=series.pipelines,
        schema=schemas.page(schemas.PIPELINE),
        params=(*params.OF_RUN, *params.OF_PAGE),
    ),
    Route(
        path="/gates",
        summary="Verdicts of gates, newest first.",
        answer=steps.gates,
        schema=schemas.page(schemas.GATE),
        params=(*params.OF_SERIES, params.ENVIRONMENT, *params.OF_TIME, *params.OF_PAGE),
    ),
    Route(
        path="/coverage",
        summary="What tests covered, newest first.",
        answer=steps.coverage,
        schema=schemas.page(schemas.COVERAGE),
        params=_OF_STEPS,
    ),
)
