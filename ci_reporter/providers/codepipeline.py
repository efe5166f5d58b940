"""AWS CodePipeline, seen from the CodeBuild project of one of its actions. Source: as for CodeBuild.

Only the pipeline's name is told, as the initiator `codepipeline/<name>`. The execution's id, which all actions share,
is not: the pipeline passes `#{codepipeline.PipelineExecutionId}` as `CI_REPORTER_PIPELINE_ID`, or the build's id stands
in. The source version is an object in a bucket, so there is neither a branch nor a change.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, codebuild


def read(env: Env, read_file: ReadFile) -> Fields:
    """What CodeBuild says of this pipeline's action."""
    build = codebuild.read(env, read_file)
    own = {
        "pipeline": env.get("CODEBUILD_INITIATOR", "").partition("/")[2] or build["pipeline"],
        "job_name": build["job_name"] or build["pipeline"],
        "job_id": build["pipeline_id"],
        "job_url": build["run_url"],
        "run_number": None,
        "actor": None,
    }
    return {**build, **own}
