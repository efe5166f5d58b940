"""All routes, each declared once."""

from __future__ import annotations

from ci_reporter.hub.api import compare, deployments, params, runs, schemas, series, steps, tests, trends
from ci_reporter.hub.api.route import Route

_NO_RUN = {404: "There is no such run.", 409: "Several repositories have a run of this id: name one."}
_OF_STEPS = (*params.OF_SERIES, *params.OF_TIME, *params.OF_PAGE)

ROUTES: tuple[Route, ...] = (
    Route(
        path="/runs",
        summary="Runs, newest first.",
        answer=runs.runs,
        schema=schemas.page(schemas.RUN),
        params=(*params.OF_RUN, params.RESULT, params.STATUS, *params.OF_BEGIN, *params.OF_PAGE),
    ),
    Route(
        path="/runs/{ci_run_id}",
        summary="A run with its jobs and its steps.",
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
    Route(
        path="/deployments",
        summary="Deployments (a run's steps for one environment), newest first.",
        answer=deployments.deployments,
        schema=schemas.page(schemas.DEPLOYMENT),
        params=(*params.OF_RUN, params.ENVIRONMENT, *params.OF_TIME, *params.OF_PAGE),
    ),
    Route(
        path="/dora",
        summary="DORA's four figures of the deployments in a window, by default the last 30 days.",
        answer=deployments.dora,
        schema=schemas.DORA,
        params=(*params.OF_RUN, params.ENVIRONMENT, *params.OF_TIME),
    ),
    Route(
        path="/tests",
        summary="Tests that reports name as failed, flaky or slow in a window, by default the last 14 days.",
        answer=tests.tests,
        schema=schemas.TESTS,
        params=(
            *params.OF_SERIES,
            params.choice("order", "What comes first.", tests.ORDERS, "failed"),
            *params.OF_TIME,
            params.PER_PAGE,
        ),
    ),
    Route(
        path="/tests/history",
        summary="The reports that name one test, newest first.",
        answer=tests.history,
        schema=schemas.page(schemas.TEST_EVENT),
        params=(params.NAME, *_OF_STEPS),
    ),
    Route(
        path="/trends",
        summary="Results and durations by hour, day or week of a window, by default the last 30 days.",
        answer=trends.trends,
        schema=schemas.TRENDS,
        params=(
            *params.OF_SERIES,
            params.choice("bucket", "How long a bucket is, UTC; weeks begin on Monday.", [*trends.BUCKETS], "day"),
            *params.OF_TIME,
        ),
    ),
    Route(
        path="/compare",
        summary="What is different in a run, step by step.",
        answer=compare.compare,
        schema=schemas.COMPARISON,
        params=(params.BASE, params.HEAD, params.REPOSITORY),
        more_statuses=_NO_RUN,
    ),
)
